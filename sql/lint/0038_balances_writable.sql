-- A role that may write a table that only a trigger may write.
-- level: leak
-- A balance that does not come from its movements is wrong: somebody may sell stock that does not exist.
select
  p.object,
  format('%s has %s', p.grantee_name, string_agg(p.privilege, ', ' order by p.privilege)) as detail,
  format(
    'revoke %s on %s from %s;',
    string_agg(concat(p.privilege, ' (' || quote_ident(p.column_name) || ')'), ', ' order by p.privilege),
    t.name, p.grantee_name
  ) as remedy
from privileges p
join own_tables t on t.oid = p.table_oid
where p.privilege in ('insert', 'update', 'delete', 'truncate')
  and p.grantee not in (0, p.owner)
  and (t.class = 'Tenant data (derived)' or t.name = 'inventory.balances')
group by p.object, p.grantee_name, t.name
