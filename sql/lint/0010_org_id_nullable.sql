-- A tenant's table whose org_id may be null.
-- level: leak
-- A row without an organization is visible to nobody, or to everybody with a policy that uses `is not distinct from`. Foreign
-- keys do not check it, so it may refer to rows of any organization.
select
  t.name as object,
  case when t.org_not_null then 'not null was never validated' else format('%s may be null', t.org_column) end as detail,
  format('alter table %s alter column %s set not null;', t.name, t.org_column) as remedy
from tenant_tables t
where not t.org_not_null
  -- As of Postgres 18 a column is marked not null before its constraint is valid.
  or exists (
    select
    from pg_constraint k
    where k.conrelid = t.oid
      and k.contype = 'n'
      and k.conkey = array[t.org_number]
      and not k.convalidated
  )
