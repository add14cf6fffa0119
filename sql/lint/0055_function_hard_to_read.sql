-- A function whose body does not tell the lint what it uses.
-- level: weakness
-- Other rules read what a function names: what is written so that they read it wrong, they do not find.
select
  f.name as object,
  why.detail,
  why.remedy
from own_functions f
cross join lateral (
  select
    'it is written in ' || f.language as detail,
    'write it in SQL or PL/pgSQL' as remedy
  -- For those that can do anything there is a rule already.
  where f.is_trusted and f.language not in ('sql', 'plpgsql')
  union all
  select 'it writes a name or a string with U&', 'write the characters themselves, or chr()'
  where f.code ~ '\mu&\s*'''
  union all
  select 'it has a string between dollars in another', 'write one of them between single quotes'
  where f.code ~ '\$(?:[a-z_]\w*)?\$'
  union all
  select 'it has a comment inside a comment', 'write two comments'
  where f.code ~ '\*/'
  union all
  select format('it finds names by %s', setting), format('name the schemas, and alter routine %s set search_path = '''';', f.name)
  from unnest(f.settings) as setting
  -- For those that run as their owner there is a rule already.
  where setting ~ '^search_path='
    and setting <> 'search_path=""'
    and not f.is_definer
  union all
  select format('it reads strings by %s', setting), format('alter routine %s reset standard_conforming_strings;', f.name)
  from unnest(f.settings) as setting
  where setting ~ '^standard_conforming_strings='
) as why
