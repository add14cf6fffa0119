-- A foreign key to or from a tenant's table that does not begin with org_id on both sides.
-- level: leak
-- A row of one organization can refer to a row of another, and the error "does not exist" shows whether that row exists.
select
  format('%I on %s', k.conname, k.conrelid::regclass) as object,
  pg_get_constraintdef(k.oid) as detail,
  format(
    'alter table %s drop constraint %I, add foreign key (org_id, …) references %s (org_id, …);',
    k.conrelid::regclass, k.conname, k.confrelid::regclass
  ) as remedy
from pg_constraint k
left join tenant_tables source on source.oid = k.conrelid
left join tenant_tables target on target.oid = k.confrelid
where k.contype = 'f'
  and (source.oid is not null or target.oid is not null)
  and (
    k.conkey[1] is distinct from source.org_number
    or k.confkey[1] is distinct from target.org_number
  )
  -- Users belong to the platform: one row for all of their organizations.
  and (source.oid is null or k.confrelid::regclass::text <> 'tenancy.users')
