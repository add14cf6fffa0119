-- Statistics that hold values of a tenant's table.
-- level: leak
-- They cover the rows of every organization. A plan shows them to each: the estimate of a condition changes where its constant
-- passes another organization's value, and so does the order of rows under a join.
with gathered (name, statement) as (
  select
    t.name,
    format(
      'alter table %s %s', t.name, string_agg(format('alter column %I set statistics 0', a.attname), ', ' order by a.attnum)
    )
  from tenant_tables t
  join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
  -- Before Postgres 17 the default is -1.
  where coalesce(a.attstattarget, -1) <> 0
    -- A virtual column is never analyzed.
    and a.attgenerated <> 'v'
  group by t.name
  union all
  -- Only of expressions: for a column, an index uses the statistics of its table.
  select t.name, format('alter index %s alter column %s set statistics 0', i.indexrelid::regclass, a.attnum)
  from tenant_tables t
  join pg_index i on i.indrelid = t.oid
  join pg_attribute a on a.attrelid = i.indexrelid and a.attnum <= i.indnkeyatts and i.indkey[a.attnum - 1] = 0
  where coalesce(a.attstattarget, -1) <> 0
  union all
  select t.name, format('drop statistics %I.%I', n.nspname, s.stxname)
  from tenant_tables t
  join pg_statistic_ext s on s.stxrelid = t.oid
  join pg_namespace n on n.oid = s.stxnamespace
)
select
  name as object,
  'statistics of its values are gathered' as detail,
  string_agg(statement, '; ' order by statement) || ';' as remedy
from gathered
group by name
