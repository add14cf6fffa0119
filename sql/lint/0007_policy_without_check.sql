-- A policy for writing that has USING and no WITH CHECK.
-- level: weakness
-- Postgres then applies USING to both. Somebody who later relaxes USING, to read more, relaxes writing too: rows can be
-- written into another organization.
select
  object,
  shape as detail,
  format('alter policy %s with check %s;', object, expected) as remedy
from tenant_policies
where command in ('*', 'w')
  and using_text is not null
  and check_text is null
