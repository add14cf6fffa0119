-- A tenant's table without org_id.
-- level: leak
-- A row does not contain its organization, so no policy can protect it.
select
  name as object,
  format('there is no column %s', org_column) as detail,
  format(
    'alter table %s add column org_id uuid not null, first in every key; or say Platform data in its comment', name
  ) as remedy
from tenant_tables
where org_number is null
