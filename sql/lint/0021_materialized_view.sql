-- A materialized view over tenants' data.
-- level: leak
-- It is a copy without policies: row-level security cannot be enabled on it, so it shows every organization's rows.
with recursive reads (view_oid, class, oid) as (
  select w.ev_class, d.refclassid, d.refobjid
  from pg_rewrite w
  join own_relations r on r.oid = w.ev_class and r.kind = 'm'
  join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid
  union
  select reads.view_oid, d.refclassid, d.refobjid
  from reads
  join pg_rewrite w on w.ev_class = reads.oid and reads.class = 'pg_class'::regclass
  join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid
)
select
  reads.view_oid::regclass::text as object,
  'it reads ' || string_agg(distinct coalesce(t.name, f.name), ', ') as detail,
  format('drop materialized view %s; read the tables, or maintain a table with a trigger', reads.view_oid::regclass)
    as remedy
from reads
left join tenant_tables t on t.oid = reads.oid and reads.class = 'pg_class'::regclass
-- Postgres does not record what a function reads: one of ours may read anything.
left join own_functions f on f.oid = reads.oid and reads.class = 'pg_proc'::regclass
where t.oid is not null
  or f.oid is not null
group by reads.view_oid
