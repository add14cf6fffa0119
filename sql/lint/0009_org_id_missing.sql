-- A tenant's table without org_id.
-- level: leak
-- Nothing in a row says whose it is, so no policy can keep it from others.
select
  name as object,
  format('there is no column %s', org_column) as detail,
  format(
    'alter table %s add column org_id uuid not null, first in every key; or say Platform data in its comment', name
  ) as remedy
from tenant_tables
where org_number is null
