-- A privilege on a tenant's table that row-level security does not govern.
-- level: leak
-- TRUNCATE removes the rows of every organization. REFERENCES tells by a foreign key which rows exist, TRIGGER runs one's
-- own code for what others write, MAINTAIN locks everybody out.
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
      -- Where nobody may remove anything there is a rule for that.
      and coalesce(t.class, '') not in ('Tenant data (append-only)', 'Tenant data (derived)')
      and t.name not in ('inventory.entries', 'inventory.movements', 'inventory.balances')
    )
  )
group by p.object, p.grantee_name, t.name
