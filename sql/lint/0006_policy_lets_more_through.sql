-- A policy that is anything else than "the row's organization is the one that was entered".
-- level: leak
-- `… or shared`, `… or org_id is null`, another column: each is a way for rows to be seen by, or put into, organizations
-- that they do not belong to.
select
  object,
  shape as detail,
  format('alter policy %s using %s with check %s', object, expected, expected) as remedy
from tenant_policies
cross join lateral (
  select using_text as clause
  union all
  select check_text
) as clauses
where clause ~ 'tenancy\.current_org\(\)'
  and replace(clause, '( SELECT tenancy.current_org() AS current_org)', '') !~ 'tenancy\.current_org\(\)'
  and clause <> expected
group by object, shape, expected
