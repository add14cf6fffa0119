-- A server parameter that a role of Stockade may set.
-- level: leak
-- With session_replication_role a session switches off foreign keys and triggers. With log settings it reads what others send.
select
  a.grantee_name as object,
  format('it has %s on the parameter %s', string_agg(a.privilege, ', ' order by a.privilege), a.parname) as detail,
  format('revoke all on parameter %s from %s;', a.parname, a.grantee_name) as remedy
from (
  select
    p.parname,
    e.grantee,
    case when e.grantee = 0 then 'public' else e.grantee::regrole::text end as grantee_name,
    lower(e.privilege_type) as privilege
  from pg_parameter_acl p
  cross join lateral aclexplode(p.paracl) as e
) as a
where a.grantee = 0
  or a.grantee = to_regrole('stockade_owner')
  or a.grantee in (select oid from login_roles)
group by a.grantee_name, a.parname
