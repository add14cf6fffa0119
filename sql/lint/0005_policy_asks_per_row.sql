-- A policy that calls current_org() once per row and not once per statement.
-- level: weakness
-- The signature is verified for every row, and no index can be used: reads of one organization slow down with the rows of all
-- others, which shows how many there are.
select
  object,
  shape as detail,
  format('alter policy %s: write (select tenancy.current_org()) for tenancy.current_org()', object) as remedy
from tenant_policies
where replace(
  concat(using_text, check_text),
  '( SELECT tenancy.current_org() AS current_org)',
  ''
) ~ 'tenancy\.current_org\(\)'
