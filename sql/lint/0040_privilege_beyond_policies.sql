-- A privilege on a tenant's table that row-level security does not govern.
-- level: leak
-- TRUNCATE removes the rows of every organization. REFERENCES shows, with a foreign key, which rows exist. TRIGGER runs own
-- code when others write. MAINTAIN can lock everybody out.
select
  p.object,
  format('%s has %s', p.grantee_name, string_agg(p.privilege, ', ' order by p.privilege)) as detail,
  format('revoke %s on %s from %s;', string_agg(p.privilege, ', ' order by p.privilege), t.name, p.grantee_name) as remedy
from privileges p
join tenant_tables t on t.oid = p.table_oid
where p.grantee not in (0, p.owner)
  and (
    p.privilege in ('references', 'trigger', 'maintain')
    or (
      p.privilege = 'truncate'
      -- Another rule covers tables from which nothing may be removed.
      and coalesce(t.class, '') not in ('Tenant data (append-only)', 'Tenant data (derived)')
      and t.name not in ('inventory.entries', 'inventory.movements', 'inventory.balances')
    )
  )
group by p.object, p.grantee_name, t.name
