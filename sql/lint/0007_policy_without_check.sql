-- A policy for writing that has USING and no WITH CHECK.
-- level: weakness
-- Postgres then takes USING for both. Whoever later loosens USING, to read more, loosens writing with it: rows can be put
-- into another organization.
select
  object,
  shape as detail,
  format('alter policy %s with check %s;', object, expected) as remedy
from tenant_policies
where command in ('*', 'w')
  and using_text is not null
  and check_text is null
