-- Tables with rows of organizations: those with an org_id, those whose comment says so, and the table of organizations.
-- org_column is the column with a row's organization, org_number its number: null when the column is missing.
select
  t.oid,
  t.name,
  t.owner,
  t.class,
  t.row_security,
  t.row_security_forced,
  case when t.name = 'tenancy.organizations' then 'id' else 'org_id' end as org_column,
  a.attnum as org_number,
  a.atttypid as org_type,
  a.attnotnull as org_not_null
from own_tables t
left join pg_attribute a
  on a.attrelid = t.oid
  and a.attname = case when t.name = 'tenancy.organizations' then 'id' else 'org_id' end
  and not a.attisdropped
where a.attnum is not null
  or t.class like 'Tenant data%'
  or t.name = 'tenancy.organizations'
