-- A function whose body the lint cannot analyse.
-- level: weakness
-- Other rules read the names in a function's body. They do not find names that are written in a way they cannot read.
select
  f.name as object,
  why.detail,
  why.remedy
from own_functions f
cross join lateral (
  select
    'it is written in ' || f.language as detail,
    'write it in SQL or PL/pgSQL' as remedy
  -- Untrusted languages have their own rule.
  where f.is_trusted and f.language not in ('sql', 'plpgsql')
  union all
  select 'it writes a name or a string with U&', 'write the characters themselves, or chr()'
  where f.code ~ '\mu&\s*'''
  union all
  select 'it has a dollar-quoted string inside another', 'write one of them in single quotes'
  where f.code ~ '\$(?:[a-z_]\w*)?\$'
  union all
  select 'it has a comment inside a comment', 'write two comments'
  where f.code ~ '\*/'
  union all
  select format('it finds names with %s', setting), format('name the schemas, and alter routine %s set search_path = '''';', f.name)
  from unnest(f.settings) as setting
  -- Functions that run as their owner have their own rule.
  where setting ~ '^search_path='
    and setting <> 'search_path=""'
    and not f.is_definer
  union all
  select format('it reads strings with %s', setting), format('alter routine %s reset standard_conforming_strings;', f.name)
  from unnest(f.settings) as setting
  where setting ~ '^standard_conforming_strings='
) as why
