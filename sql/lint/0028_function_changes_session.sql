-- A function that changes the session beyond its transaction, or changes the current role.
-- level: leak
-- Connections are shared: a change that outlives the transaction affects the next one, of another organization.
with calls as (
  -- The text after each `set_config`. Parentheses in a string do not count.
  select f.name, call.rest
  from own_functions f
  cross join lateral (
    select substr(f.code, sum(length(part) + length('set_config')) over (order by n)::integer + 1) as rest
    from regexp_split_to_table(f.code, '\mset_config\M') with ordinality as parts (part, n)
  ) as call
  where f.code ~ '\mset_config\M'
    and call.rest ~ '^\s*\('
),
arguments as (
  -- The same text, up to the closing parenthesis.
  select
    c.name,
    (
      select left(c.rest, min(depth.n))
      from (
        select
          character.n::integer as n,
          sum(case character.c when '(' then 1 when ')' then -1 else 0 end) over (order by character.n) as open
        from regexp_split_to_table(c.rest, '') with ordinality as character (c, n)
      ) as depth
      where depth.open = 0
        and substr(c.rest, depth.n, 1) = ')'
    ) as text
  from calls c
)
select
  name as object,
  'set_config is not called with a literal true as its last argument' as detail,
  'write set_config(…, …, true)' as remedy
from arguments
where text is null
  or text !~ ',\s*true\s*\)$'
union
select
  f.name,
  format('its body says %s', regexp_replace(trim(coalesce(words[1], words[2], words[3], words[4])), '\s+', ' ', 'g')),
  'use set_config(…, …, true), and a security definer function instead of another role'
from own_functions f
cross join lateral regexp_match(
  f.body,
  -- An update contains `set` too: the statement is found by the text before it.
  '(?:^|[;'']|\m(?:begin|then|else|loop|atomic)\M)\s*(set\s+(?!local\s|constraints\s|transaction\s)[a-z_."]+(?:\s+[a-z_."]+)?)'
    || '|\m(set\s+local\s+(?:role|session)\M)'
    || '|(?:^|[;'']|\m(?:begin|then|else|loop|atomic)\M)\s*((?:reset|discard)\s+[a-z_."]+)'
    || '|\m(update\s+(?:pg_catalog\.)?pg_settings)\M'
) as found (words)
where words is not null
union
select
  f.name,
  format('it is created with %s', setting),
  format('alter routine %s reset %s;', f.name, split_part(setting, '=', 1))
from own_functions f
cross join lateral unnest(f.settings) as setting
where setting ~ '^(role|session_authorization|row_security|session_replication_role|stockade\..*)='
