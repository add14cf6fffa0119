-- A key, exclusion constraint or unique index of a tenant's table that does not begin with org_id.
-- level: leak
-- "Already exists" shows one organization what another one has, and one organization can take names away from another.
select
  i.indexrelid::regclass::text as object,
  format('%s, of %s', pg_get_indexdef(i.indexrelid), t.name) as detail,
  format('create it again with %s first', t.org_column) as remedy
from tenant_tables t
join pg_index i on i.indrelid = t.oid
left join pg_constraint k on k.conindid = i.indexrelid and k.contype = 'x'
where (i.indisunique or i.indisexclusion)
  and (
    i.indkey[0] is distinct from t.org_number
    -- `exclude (org_id with <>, …)` forbids what two organizations have in common.
    or (select oprname from pg_operator where oid = k.conexclop[1]) <> '='
  )
union all
select t.name, 'there is no primary key', format('alter table %s add primary key (%s, …);', t.name, t.org_column)
from tenant_tables t
where not exists (select from pg_index i where i.indrelid = t.oid and i.indisprimary)
