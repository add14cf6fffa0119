-- Which of our functions, tables and views each of our functions and views uses, directly or through another one. The rule
-- finds names with their schema in the body, because functions run with an empty search path. It does not follow triggers,
-- operators and defaults. It does not follow the functions that only read the context either: otherwise every function that
-- asks for the organization would use the keys.
with recursive names as (
  select distinct f.oid, trim(both '"' from part.name) as schema, trim(both '"' from part.next_name) as plain_name
  from own_functions f
  cross join lateral regexp_matches(
    f.body, '(?:[a-z_][a-z0-9_$]*|"[^"]+")(?:\.(?:[a-z_][a-z0-9_$]*|"[^"]+"))+', 'g'
  ) as chain (names)
  cross join lateral (
    -- In `database.schema.name` and `schema.name.column`, two of the names matter.
    select name, lead(name) over (order by n) as next_name
    from regexp_split_to_table(chain.names[1], '\.') with ordinality as parts (name, n)
  ) as part
  where part.next_name is not null
),
named as (
  select names.oid, s.oid as schema, names.plain_name
  from names
  join pg_namespace s on lower(s.nspname) = names.schema
),
direct (oid, used) as (
  select n.oid, f.oid
  from named n
  join own_functions f on f.schema = n.schema and lower(f.plain_name) = n.plain_name
  union
  select n.oid, c.oid
  from named n
  join pg_class c on c.relnamespace = n.schema and lower(c.relname) = n.plain_name
  where c.relkind in ('r', 'p', 'f', 'v', 'm')
  union
  select r.ev_class, d.refobjid
  from pg_rewrite r
  join own_relations v on v.oid = r.ev_class and v.kind in ('v', 'm')
  join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
  where d.refclassid in ('pg_proc'::regclass, 'pg_class'::regclass)
    and d.refobjid <> r.ev_class
),
uses (oid, used) as (
  select oid, used
  from direct
  union
  select u.oid, d.used
  from uses u
  join direct d on d.oid = u.used
  where u.used not in (select oid from context_readers)
)
select oid, used
from uses
