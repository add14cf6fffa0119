-- A security definer function without an empty search_path.
-- level: leak
-- It runs as the owner, but looks up tables, functions and operators in the caller's search path: a caller who may create an
-- object anywhere can make the owner run it.
select
  name as object,
  coalesce(
    (select setting from unnest(settings) as setting where setting like 'search_path=%'),
    'no search_path is set'
  ) as detail,
  format('alter routine %s set search_path = '''';', name) as remedy
from own_functions
where is_definer
  and 'search_path=""' <> all (coalesce(settings, '{}'))
