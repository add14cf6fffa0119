-- A foreign key to or from a tenant's table that is not enforced for every row.
-- level: leak
-- Postgres checks the key for no row, or for no old row: rows of one organization may refer to another's.
select
  format('%I on %s', k.conname, k.conrelid::regclass) as object,
  case
    when to_jsonb(k) ->> 'conenforced' = 'false' then 'it is declared not enforced'
    when not k.convalidated then 'existing rows were never validated'
    else 'a trigger that checks it is disabled'
  end as detail,
  case
    -- conenforced came with Postgres 18.
    when to_jsonb(k) ->> 'conenforced' = 'false'
      then format('alter table %s alter constraint %I enforced;', k.conrelid::regclass, k.conname)
    when not k.convalidated
      then format('alter table %s validate constraint %I;', k.conrelid::regclass, k.conname)
    else format('alter table … enable trigger all; on %s and %s', k.conrelid::regclass, k.confrelid::regclass)
  end as remedy
from pg_constraint k
where k.contype = 'f'
  and exists (select from tenant_tables t where t.oid in (k.conrelid, k.confrelid))
  and (
    not k.convalidated
    or exists (select from pg_trigger t where t.tgconstraint = k.oid and t.tgenabled in ('D', 'R'))
  )
