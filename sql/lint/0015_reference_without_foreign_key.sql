-- A column of a tenant's table that contains another row's id without a foreign key.
-- level: weakness
-- Only the code that writes it prevents that it contains the id of another organization's row.
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
