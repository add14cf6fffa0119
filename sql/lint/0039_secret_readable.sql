-- A secret that a role other than the owner may read.
-- level: leak
-- With a context key or a pass key, anybody enters any organization. The digest of a secret is all that a key is checked with.
with secret_tables as (
  select oid, name
  from own_tables
  where class = 'Secret'
    or name in ('tenancy.context_keys', 'tenancy.pass_keys')
),
secret_columns as (
  select r.oid, r.name, a.attname, a.attnum
  from own_tables r
  join pg_attribute a on a.attrelid = r.oid
  where a.attnum > 0
    and not a.attisdropped
    and (
      col_description(r.oid, a.attnum) ~ '^Secret: \S'
      or (r.name = 'tenancy.api_keys' and a.attname = 'secret_digest')
    )
)
select
  p.object,
  format('%s has %s on this secret table', p.grantee_name, string_agg(p.privilege, ', ' order by p.privilege)) as detail,
  format('revoke all on %s from %s;', s.name, p.grantee_name) as remedy
from privileges p
join secret_tables s on s.oid = p.table_oid
where p.grantee not in (0, p.owner)
group by p.object, p.grantee_name, s.name
union all
select
  format('%s.%I', s.name, s.attname),
  format('%s may read this secret column%s', p.grantee_name, case p.kind when 'table' then ', with the whole table' end),
  format('revoke select on %s from %s; grant select on the other columns', s.name, p.grantee_name)
from privileges p
join secret_columns s on s.oid = p.table_oid and coalesce(p.column_name, s.attname) = s.attname
where p.privilege = 'select'
  and p.grantee not in (0, p.owner)
