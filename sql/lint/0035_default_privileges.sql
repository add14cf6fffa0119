-- Default privileges that grant new objects to a role.
-- level: leak
-- A new table, or a new definer function, is open to that role from its creation, before any policy protects it.
with given as (
  select d.defaclrole as maker, n.nspname as schema, d.defaclobjtype as type, d.defaclacl as acl
  from pg_default_acl d
  left join pg_namespace n on n.oid = d.defaclnamespace
  union all
  -- Without any setting Postgres gives new functions to everybody.
  select r.oid, null, 'f', acldefault('f', r.oid)
  from pg_roles r
  where r.rolname = 'stockade_owner'
    and not exists (
      select
      from pg_default_acl d
      where d.defaclrole = r.oid
        and d.defaclnamespace = 0
        and d.defaclobjtype = 'f'
    )
)
select
  format('new %s of %s%s', type.name, g.maker::regrole, ' in ' || quote_ident(g.schema)) as object,
  format(
    '%s gets %s',
    case when a.grantee = 0 then 'public' else a.grantee::regrole::text end,
    string_agg(lower(a.privilege_type), ', ' order by a.privilege_type)
  ) as detail,
  format(
    'alter default privileges for role %s%s revoke all on %s from %s;',
    g.maker::regrole,
    ' in schema ' || quote_ident(g.schema),
    type.name,
    case when a.grantee = 0 then 'public' else a.grantee::regrole::text end
  ) as remedy
from given g
join (
  values
    ('r'::"char", 'tables'), ('S', 'sequences'), ('f', 'functions'), ('T', 'types'), ('n', 'schemas'), ('L', 'large objects')
) as type (letter, name) on type.letter = g.type
cross join lateral aclexplode(g.acl) as a
where a.grantee <> g.maker
  -- Everybody may use a type: it contains no data.
  and g.type <> 'T'
group by g.maker, g.schema, type.name, a.grantee
