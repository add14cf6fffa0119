-- A tenant's table whose org_id may belong to no organization.
-- level: weakness
-- Rows can then exist before or after their organization. An organization that gets this id, by an import or a restore, also
-- gets these rows.
with recursive links as (
  select source.oid as source, target.oid as target
  from pg_constraint k
  join tenant_tables target on target.oid = k.confrelid and k.confkey[1] = target.org_number
  join tenant_tables source on source.oid = k.conrelid and k.conkey[1] = source.org_number
  where k.contype = 'f'
    -- With a null in it, a foreign key checks nothing.
    and not exists (
      select
      from pg_attribute a
      where a.attrelid = k.conrelid
        and a.attnum = any (k.conkey)
        and not a.attnotnull
    )
),
anchored (oid) as (
  select oid
  from tenant_tables
  where name = 'tenancy.organizations'
  union
  select links.source
  from anchored
  join links on links.target = anchored.oid
)
select
  name as object,
  'no foreign key leads from it to tenancy.organizations' as detail,
  format('alter table %s add foreign key (org_id) references tenancy.organizations (id);', name) as remedy
from tenant_tables
where oid not in (select oid from anchored)
