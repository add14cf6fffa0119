-- A tenant's table whose owner is exempt from row-level security.
-- level: leak
-- Security definer functions run as the owner: without FORCE each of them sees and changes the rows of every organization.
select
  name as object,
  'row-level security is not forced on the owner' as detail,
  format('alter table %s force row level security;', name) as remedy
from tenant_tables
where not row_security_forced
