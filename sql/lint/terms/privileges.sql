-- Every privilege on our objects and on the database itself, including the built-in defaults. grantee 0 is PUBLIC.
-- table_oid is the table of a table's or column's privilege, column_name the column of a column's privilege.
select
  g.kind,
  g.object,
  g.owner,
  g.table_oid,
  g.column_name,
  a.grantee,
  case when a.grantee = 0 then 'public' else a.grantee::regrole::text end as grantee_name,
  lower(a.privilege_type) as privilege,
  a.is_grantable
from (
  select
    'database' as kind, quote_ident(datname) as object, datdba as owner,
    null::oid as table_oid, null::name as column_name, coalesce(datacl, acldefault('d', datdba)) as acl
  from pg_database
  where datname = current_database()
  union all
  select 'schema', name, owner, null, null, coalesce(acl, acldefault('n', owner))
  from own_schemas
  union all
  select
    case kind when 'S' then 'sequence' else 'table' end, name, owner, oid, null,
    coalesce(acl, acldefault(case kind when 'S' then 's' else 'r' end::"char", owner))
  from own_relations
  where kind in ('r', 'p', 'f', 'v', 'm', 'S')
  union all
  select 'column', format('%s.%I', r.name, a.attname), r.owner, r.oid, a.attname, a.attacl
  from own_relations r
  join pg_attribute a on a.attrelid = r.oid
  where r.kind in ('r', 'p', 'f', 'v', 'm')
    and a.attacl is not null
    and not a.attisdropped
  union all
  select 'function', name, owner, null, null, coalesce(acl, acldefault('f', owner))
  from own_functions
  union all
  select 'foreign server', quote_ident(srvname), srvowner, null, null, coalesce(srvacl, acldefault('S', srvowner))
  from pg_foreign_server
  union all
  select 'foreign-data wrapper', quote_ident(fdwname), fdwowner, null, null, coalesce(fdwacl, acldefault('F', fdwowner))
  from pg_foreign_data_wrapper
) as g
cross join lateral aclexplode(g.acl) as a
