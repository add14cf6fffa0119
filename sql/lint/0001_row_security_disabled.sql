-- A tenant's table without row-level security.
-- level: leak
-- Its policies do not apply: a role that may read the table reads the rows of every organization.
select
  name as object,
  'row-level security is disabled' as detail,
  format('alter table %s enable row level security;', name) as remedy
from tenant_tables
where not row_security
