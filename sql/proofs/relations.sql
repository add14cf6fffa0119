-- Everything in a database that is kept in pages: what amcheck is to look at, in the order of its size. Catalogues too, and
-- the tables that hold what was too long for its row. `how` says by what it can be looked at; null: by nothing we know.
select
  c.oid::regclass::text as relation,
  c.oid,
  case
    when c.relkind in ('r', 'm', 't', 'S') and coalesce(a.amname, 'heap') = 'heap' then 'heap'
    when c.relkind = 'i' and a.amname = 'btree' then 'btree'
  end as how,
  coalesce(i.indisvalid and i.indisready, true) as valid,
  a.amname as method
from pg_catalog.pg_class c
left join pg_catalog.pg_am a on a.oid = c.relam
left join pg_catalog.pg_index i on i.indexrelid = c.oid
where c.relkind in ('r', 'm', 't', 'S', 'i')
  and c.relpersistence <> 't'
order by c.relpages, c.oid
