-- A policy whose condition is not exactly "the row belongs to the organization that was entered".
-- level: leak
-- `… or shared`, `… or org_id is null`, another column: with each of these an organization can see or write rows that do not
-- belong to it.
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
