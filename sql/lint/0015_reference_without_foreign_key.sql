-- A column of a tenant's table that holds another row's id without a foreign key.
-- level: weakness
-- Nothing but the code that writes it keeps it from being the id of another organization's row.
select
  format('%s.%I', t.name, a.attname) as object,
  'a uuid column in no foreign key' as detail,
  format('alter table %s add foreign key (org_id, %I) references … (org_id, id);', t.name, a.attname) as remedy
from tenant_tables t
join pg_attribute a on a.attrelid = t.oid
where a.attnum > 0
  and not a.attisdropped
  and a.atttypid = 'uuid'::regtype
  and a.attnum is distinct from t.org_number
  and a.attname <> 'id'
  and not exists (
    select
    from pg_constraint k
    where k.conrelid = t.oid
      and k.contype = 'f'
      and a.attnum = any (k.conkey)
  )
