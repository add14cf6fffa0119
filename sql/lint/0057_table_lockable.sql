-- A privilege that lets a login role lock a whole table against everybody.
-- level: weakness
-- LOCK TABLE asks for no row and no policy. With UPDATE, DELETE, TRUNCATE or MAINTAIN on a table, one injected statement keeps
-- every organization out of it for as long as it runs.
select
  p.object,
  format('%s has %s', p.grantee_name, string_agg(p.privilege, ', ' order by p.privilege)) as detail,
  format(
    'revoke %s on %s from %s; and grant update on columns, or let a function of the owner write',
    string_agg(p.privilege, ', ' order by p.privilege), p.object, p.grantee_name
  ) as remedy
from privileges p
where p.kind = 'table'
  and p.privilege in ('update', 'delete', 'truncate', 'maintain')
  -- Another rule refuses a login role that owns a table.
  and p.grantee <> p.owner
  and p.grantee in (select oid from login_roles)
group by p.object, p.grantee_name
