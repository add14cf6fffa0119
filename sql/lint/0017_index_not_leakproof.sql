-- An index of a tenant's table that conditions cannot use under row-level security.
-- level: weakness
-- Postgres checks a condition that is not leakproof after the policy, so it cannot use the index. Queries of one organization
-- slow down with the rows of all others, until somebody marks a function leakproof that is not.
with columns as (
  select i.indexrelid, t.name as table_name, c.n, i.indkey[c.n - 1] as attnum, i.indclass[c.n - 1] as opclass, i.indexprs
  from tenant_tables t
  join pg_index i on i.indrelid = t.oid
  cross join lateral generate_series(1, i.indnkeyatts) as c (n)
),
functions as (
  select c.indexrelid, c.table_name, c.n, o.oprcode as function, o.oid::regoperator::text as what
  from columns c
  join pg_opclass class on class.oid = c.opclass
  join pg_amop m
    on m.amopfamily = class.opcfamily
    and m.amoplefttype = class.opcintype
    and m.amoppurpose = 's'
    -- These also list operators with another type on the right, which nobody needs. In the others the types must differ.
    and (
      m.amoprighttype = class.opcintype
      or class.opcmethod not in (select oid from pg_am where amname in ('btree', 'hash', 'brin'))
    )
  join pg_operator o on o.oid = m.amopopr
  union all
  select c.indexrelid, c.table_name, c.n, call.oid[1]::oid, call.oid[1]::oid::regprocedure::text
  from columns c
  cross join lateral regexp_matches(c.indexprs::text, ':(?:op)?funcid (\d+)', 'g') as call (oid)
  where c.attnum = 0
),
nodes as (
  select distinct c.indexrelid, c.n, node.name[1] as name
  from columns c
  cross join lateral regexp_matches(c.indexprs::text, '\{([A-Z]+)', 'g') as node (name)
  where c.attnum = 0
),
leaks as (
  select f.indexrelid, f.n, f.what
  from functions f
  join pg_proc p on p.oid = f.function
  where not p.proleakproof
  union all
  -- Nodes that run functions without naming them, or that count as not leakproof.
  select
    indexrelid,
    n,
    case name
      when 'COERCEVIAIO' then 'a cast through text'
      when 'COALESCEEXPR' then 'coalesce()'
      when 'SUBSCRIPTINGREF' then 'a subscript'
      when 'MINMAXEXPR' then 'greatest() or least()'
      else lower(name)
    end
  from nodes
  where name not in (
    'VAR', 'CONST', 'RELABELTYPE', 'COLLATEEXPR', 'FUNCEXPR', 'OPEXPR', 'DISTINCTEXPR', 'NULLIFEXPR', 'SCALARARRAYOPEXPR',
    'BOOLEXPR', 'CASEEXPR', 'CASEWHEN', 'CASETESTEXPR', 'ARRAYEXPR', 'ROWEXPR', 'FIELDSELECT', 'NULLTEST', 'BOOLEANTEST'
  )
)
select
  l.indexrelid::regclass::text as object,
  format(
    'not leakproof, in column %s: %s',
    string_agg(distinct pg_get_indexdef(l.indexrelid, l.n, true), ', '),
    string_agg(distinct l.what, ', ')
  ) as detail,
  'use uuid, text, bigint or timestamptz in indexed conditions; text with a check for an enumeration' as remedy
from leaks l
group by l.indexrelid
