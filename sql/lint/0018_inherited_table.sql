-- A tenant's table that inherits or is inherited from.
-- level: leak
-- A query of the parent reads the child's rows with the parent's policies only, and no key covers both tables.
-- Partitions are not inheritance: the other rules check each partition.
select
  i.inhrelid::regclass::text as object,
  format('it inherits from %s', i.inhparent::regclass) as detail,
  format('alter table %s no inherit %s;', i.inhrelid::regclass, i.inhparent::regclass) as remedy
from pg_inherits i
join pg_class parent on parent.oid = i.inhparent
where parent.relkind in ('r', 'f')
  and exists (select from tenant_tables t where t.oid in (i.inhrelid, i.inhparent))
