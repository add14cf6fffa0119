import type { ClientBase } from 'pg';
import { inTransaction } from '#platform/postgres/transaction.ts';
import type { Application, ForeignKey, Role, Table, View } from './application.ts';

/** Schemas that did not come with Postgres, and are not the runner's own. */
const ownSchema = `(n.oid >= 16384 or n.nspname = 'public')
  and n.nspname !~ '^pg_(toast|temp)' and n.nspname <> 'stockade_migrations'`;

/** Objects of extensions belong to the extension. */
const notOfExtension = (catalog: string, oid: string) => `not exists (
    select from pg_depend d where d.deptype = 'e' and d.classid = '${catalog}'::regclass and d.objid = ${oid}
  )`;

const actions = (column: string) =>
  `case ${column} when 'c' then 'cascade' when 'n' then 'set null' when 'd' then 'set default'
    when 'r' then 'restrict' else 'no action' end`;

const columnsOf = (relation: string, numbers: string) => `(
    select coalesce(json_agg(quote_ident(a.attname) order by place.n), '[]')
    from unnest(${numbers}) with ordinality as place (number, n)
    join pg_attribute a on a.attrelid = ${relation} and a.attnum = place.number
  )`;

const grantsOf = `(
    select coalesce(json_agg(json_build_object('grantee', g.grantee, 'privileges', g.privileges) order by g.grantee), '[]')
    from (
      select
        case a.grantee when 0 then 'public' else pg_get_userbyid(a.grantee)::text end as grantee,
        array_agg(lower(a.privilege_type) order by a.privilege_type) as privileges
      from aclexplode(c.relacl) as a
      where a.grantee <> c.relowner
      group by a.grantee
    ) as g
  )`;

const tables = `
select
  c.oid::text as oid, c.oid::regclass::text as name, n.nspname as schema, c.relname as "plainName",
  pg_get_userbyid(c.relowner) as owner, obj_description(c.oid, 'pg_class') as comment, c.reltuples::float8 as rows,
  c.relkind as kind, c.relispartition as "isPartition", c.reloftype <> 0 as "isTyped",
  exists (
    select from pg_inherits i where c.oid in (i.inhrelid, i.inhparent) and not c.relispartition and c.relkind <> 'p'
  ) as inherits,
  c.relhasrules as "hasRules", c.relrowsecurity as "rowSecurity", c.relforcerowsecurity as "rowSecurityForced",
  (
    select e.extname from pg_depend d join pg_extension e on e.oid = d.refobjid
    where d.deptype = 'e' and d.classid = 'pg_class'::regclass and d.objid = c.oid
  ) as extension,
  (
    select coalesce(json_agg(json_build_object(
      'name', quote_ident(a.attname), 'plainName', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
      'notNull', a.attnotnull, 'isVirtual', a.attgenerated = 'v'
    ) order by a.attnum), '[]')
    from pg_attribute a
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  ) as columns,
  (
    select coalesce(json_agg(json_build_object(
      'name', i.indexrelid::regclass::text, 'plainName', quote_ident(x.relname), 'schema', quote_ident(n.nspname),
      'method', m.amname, 'isUnique', i.indisunique, 'isPrimary', i.indisprimary, 'isExclusion', i.indisexclusion,
      'isValid', i.indisvalid, 'isReplicaIdentity', i.indisreplident,
      'withoutOverlaps', coalesce((to_jsonb(k) ->> 'conperiod')::boolean, false),
      'sortsAsKey', not i.indnullsnotdistinct and not exists (
        select from generate_series(0, i.indnkeyatts - 1) as n
        join pg_opclass o on o.oid = i.indclass[n]
        left join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[n]
        where i.indoption[n] <> 0 or not o.opcdefault or i.indcollation[n] is distinct from a.attcollation
      ),
      'definition', pg_get_indexdef(i.indexrelid),
      'columns', case when 0 <> all (i.indkey::int2[])
        then ${columnsOf('c.oid', '(i.indkey::int2[])[0:i.indnkeyatts - 1]')} end,
      'expressions', (
        select coalesce(json_agg(e.n order by e.n), '[]')
        from generate_series(1, i.indnkeyatts) as e (n)
        where i.indkey[e.n - 1] = 0
      ),
      'isPartial', i.indpred is not null,
      'constraint', case when k.oid is not null
        then json_build_object('deferrable', k.condeferrable, 'deferred', k.condeferred) end
    ) order by x.relname), '[]')
    from pg_index i
    join pg_class x on x.oid = i.indexrelid
    join pg_am m on m.oid = x.relam
    left join pg_constraint k on k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x')
    where i.indrelid = c.oid
  ) as indexes,
  (
    select coalesce(json_agg(json_build_object(
      'name', quote_ident(p.polname), 'isPermissive', p.polpermissive,
      'command', case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update'
        when 'd' then 'delete' else 'all' end,
      'roles', array(
        select case r when 0 then 'public' else quote_ident(pg_get_userbyid(r)) end from unnest(p.polroles) as r
      ),
      'using', pg_get_expr(p.polqual, p.polrelid), 'check', pg_get_expr(p.polwithcheck, p.polrelid)
    ) order by p.polname), '[]')
    from pg_policy p
    where p.polrelid = c.oid
  ) as policies,
  array(
    select t.tgname::text from pg_trigger t
    where t.tgrelid = c.oid and not t.tgisinternal and t.tgenabled <> 'D' and t.tgtype & 16 <> 0 and t.tgattr::text = ''
    order by 1
  ) as "updateTriggers",
  array(select quote_ident(k.conname) from pg_constraint k where k.conrelid = c.oid) as constraints,
  array(
    select format('%I.%I', x.stxnamespace::regnamespace::name, x.stxname) from pg_statistic_ext x where x.stxrelid = c.oid
    order by 1
  ) as statistics,
  array(select quote_ident(t.tgname) from pg_trigger t where t.tgrelid = c.oid) as triggers,
  array(
    select distinct d.objid::regclass::text
    from pg_depend d
    join pg_class s on s.oid = d.objid and s.relkind = 'S'
    where d.refobjid = c.oid and d.classid = 'pg_class'::regclass and d.deptype = 'a'
    order by 1
  ) as sequences,
  ${grantsOf} as grants
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'f') and ${ownSchema}
order by c.oid::regclass::text collate "C"`;

const foreignKeys = `
select
  quote_ident(k.conname) as name, k.conrelid::regclass::text as child, k.confrelid::regclass::text as parent,
  ${columnsOf('k.conrelid', 'k.conkey')} as "childColumns",
  ${columnsOf('k.confrelid', 'k.confkey')} as "parentColumns",
  not exists (
    select from pg_attribute a where a.attrelid = k.conrelid and a.attnum = any (k.conkey) and not a.attnotnull
  ) as "isRequired",
  ${actions('k.confupdtype')} as "onUpdate", ${actions('k.confdeltype')} as "onDelete",
  ${columnsOf('k.conrelid', 'k.confdelsetcols')} as "onDeleteColumns",
  case k.confmatchtype when 'f' then 'full' when 'p' then 'partial' else 'simple' end as match,
  k.condeferrable as deferrable, k.condeferred as deferred,
  coalesce((to_jsonb(k) ->> 'conenforced')::boolean, true) as "isEnforced",
  k.convalidated as "isValidated", coalesce((to_jsonb(k) ->> 'conperiod')::boolean, false) as "isPeriod",
  pg_get_constraintdef(k.oid) as definition
from pg_constraint k
join pg_class c on c.oid = k.conrelid
join pg_namespace n on n.oid = c.relnamespace
where k.contype = 'f' and k.conparentid = 0 and ${ownSchema}
order by 2, 1`;

const views = `
select
  c.oid::regclass::text as name, pg_get_userbyid(c.relowner) as owner, c.relkind = 'm' as "isMaterialized",
  exists (
    select from pg_options_to_table(c.reloptions) where option_name = 'security_invoker' and option_value::boolean
  ) as "isInvoker",
  ${grantsOf} as grants
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('v', 'm') and ${ownSchema} and ${notOfExtension('pg_class', 'c.oid')}
order by 1`;

const routines = `
select p.oid::regprocedure::text as name, pg_get_userbyid(p.proowner) as owner
from pg_proc p
join pg_namespace n on n.oid = p.pronamespace
where ${ownSchema} and ${notOfExtension('pg_proc', 'p.oid')}
order by 1`;

const types = `
select t.oid::regtype::text as name, pg_get_userbyid(t.typowner) as owner, t.typtype = 'd' as "isDomain"
from pg_type t
join pg_namespace n on n.oid = t.typnamespace
left join pg_class c on c.oid = t.typrelid
where ${ownSchema} and ${notOfExtension('pg_type', 't.oid')}
  and (t.typtype in ('e', 'd', 'r') or c.relkind = 'c')
order by 1`;

const sequences = `
select c.oid::regclass::text as name, pg_get_userbyid(c.relowner) as owner
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'S' and ${ownSchema} and ${notOfExtension('pg_class', 'c.oid')}
  and not exists (
    select from pg_depend d
    where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype in ('a', 'i') and d.refobjsubid > 0
  )
order by 1`;

const schemas = `
select quote_ident(n.nspname) as name, pg_get_userbyid(n.nspowner) as owner
from pg_namespace n
where ${ownSchema} and ${notOfExtension('pg_namespace', 'n.oid')}
order by 1`;

const roles = `
select
  r.rolname as name, quote_ident(r.rolname) as sql, r.rolcanlogin as "canLogin", r.rolsuper as "isSuperuser",
  pg_has_role(session_user, r.oid, 'usage') as "isReaders",
  array_remove(array[
    case when r.rolsuper then 'superuser' end, case when r.rolbypassrls then 'bypassrls' end,
    case when r.rolcreaterole then 'createrole' end, case when r.rolcreatedb then 'createdb' end,
    case when r.rolreplication then 'replication' end
  ], null) as attributes,
  (
    select substr(setting, length('search_path=') + 1)
    from pg_db_role_setting s
    cross join lateral unnest(s.setconfig) as setting
    where s.setrole in (0, r.oid)
      and s.setdatabase in (0, (select oid from pg_database where datname = current_database()))
      and setting like 'search_path=%'
    order by s.setrole = 0, s.setdatabase = 0
    limit 1
  ) as "searchPath"
from pg_roles r
where r.rolname !~ '^pg_'
order by r.rolname collate "C"`;

/**
 * Reads the schema of an application from the catalogue, in one snapshot, and changes nothing. Names contain their schema
 * unless it is pg_catalog.
 */
export async function readApplication(client: ClientBase): Promise<Application> {
  return await inTransaction(
    client,
    async () => {
      await client.query(
        `set local search_path = ''; set local quote_all_identifiers = off; set local jit = off`,
      );
      const read = async <Row>(query: string) => (await client.query(query)).rows as Row[];
      const [database] = await read<Pick<Application, 'database' | 'version' | 'reader' | 'databaseOwner'>>(
        `select datname as database, current_setting('server_version_num')::integer as version,
           session_user as reader, pg_get_userbyid(datdba) as "databaseOwner"
         from pg_database where datname = current_database()`,
      );
      if (!database) throw new Error('the database is not in its own catalogue');
      return {
        ...database,
        schemas: await read(schemas),
        tables: await read<Table>(tables),
        foreignKeys: await read<ForeignKey>(foreignKeys),
        views: await read<View>(views),
        routines: await read(routines),
        types: await read(types),
        sequences: await read(sequences),
        roles: await read<Role>(roles),
      };
    },
    { begin: 'begin isolation level repeatable read read only', ending: 'rollback' },
  );
}
