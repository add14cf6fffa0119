-- A privilege of a login role for requests on a tenant's table.
-- level: leak
-- Around an arm of UNION ALL, conditions of an injected statement come before every policy of the arm, and no policy can come
-- earlier. Who has no privilege on a table writes no statement that has conditions on it.
select
  t.name as object,
  format('%s has %s', p.grantee_name, string_agg(distinct p.privilege, ', ' order by p.privilege)) as detail,
  format(
    'revoke all on %s from %s; and let a function that runs as the owner, who obeys the policies too, answer what is needed',
    t.name, p.grantee_name
  ) as remedy
from tenant_tables t
join privileges p on p.table_oid = t.oid
join login_roles l on l.oid = p.grantee
-- Jobs may enter every organization, and operators see the tables of organizations as a whole.
where l.name not in ('stockade_jobs', 'stockade_admin')
group by t.name, p.grantee_name
