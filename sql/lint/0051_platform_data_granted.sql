-- A privilege of a login role on a platform table.
-- level: leak
-- It has rows about all organizations and no policy: if a request may read tenancy.users, it can read the e-mail addresses of
-- all people of all organizations.
select
  p.object,
  format('%s has %s', p.grantee_name, string_agg(p.privilege, ', ' order by p.privilege)) as detail,
  format('revoke all on %s from %s; and let a function return what is needed', t.name, p.grantee_name) as remedy
from privileges p
join own_tables t on t.oid = p.table_oid
where t.class like 'Platform data%'
  and t.oid not in (select oid from tenant_tables)
  and p.grantee not in (0, p.owner)
group by p.object, p.grantee_name, t.name
