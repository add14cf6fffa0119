-- A tenant's table whose org_id is not a uuid.
-- level: weakness
-- Numbers can be guessed. And comparing another type may need a cast that is not leakproof, so that no index can be used
-- under row-level security.
select
  name as object,
  format('%s is of type %s', org_column, format_type(org_type, null)) as detail,
  format('alter table %s alter column %s type uuid;', name, org_column) as remedy
from tenant_tables
where org_type <> 'uuid'::regtype
