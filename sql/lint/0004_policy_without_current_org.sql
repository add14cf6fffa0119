-- A policy that does not check which organization the transaction has entered.
-- level: leak
-- It lets rows through for every context: with `using (true)`, all rows of all organizations.
select
  object,
  shape as detail,
  format('drop policy %s; the policy "tenant" covers every role and verb', object) as remedy
from tenant_policies
where using_text !~ 'tenancy\.current_org\(\)'
  or check_text !~ 'tenancy\.current_org\(\)'
