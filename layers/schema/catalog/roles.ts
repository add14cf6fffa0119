import type { ReadCatalog } from './catalog.ts';

/**
 * The roles that own or may use something in this database, as comments. Roles belong to the cluster, and `sql/roles.sql`
 * creates them. But when a role gets BYPASSRLS or a membership, a diff must show it. The limits that follow from the size of
 * the server, or that only a superuser sets, differ from place to place.
 */
export async function readRoles(read: ReadCatalog): Promise<string[]> {
  const lines = await read<{ line: string }>(`
    with mentioned as (
      select r.* from pg_roles as r
      where not r.rolsuper and r.rolname !~ '^pg_' and (
        r.rolname ~ '^stockade_' or r.oid in (
          select s.refobjid from pg_shdepend as s
          where s.refclassid = 'pg_authid'::regclass
            and s.dbid = (select d.oid from pg_database as d where d.datname = current_database())
        )
      )
    )
    select rolname, 1 as part, format('create role %I %s', rolname, concat_ws(' ',
      case when rolcanlogin then 'login' else 'nologin' end,
      case when rolinherit then 'inherit' else 'noinherit' end,
      case when rolbypassrls then 'bypassrls' else 'nobypassrls' end,
      case when rolcreaterole then 'createrole' else 'nocreaterole' end,
      case when rolcreatedb then 'createdb' else 'nocreatedb' end,
      case when rolreplication then 'replication' else 'noreplication' end
    )) as line from mentioned
    union all
    select rolname, 2, format('alter role %I set %s', rolname, replace(setting, '=', ' = '))
    from mentioned cross join unnest(rolconfig) as setting
    where setting !~ '^temp_file_limit='
    union all
    select m.rolname, 3, format('grant %I to %I with admin %s, inherit %s, set %s',
      pg_get_userbyid(a.roleid), m.rolname, a.admin_option, a.inherit_option, a.set_option)
    from pg_auth_members as a join mentioned as m on m.oid = a.member
    order by 1, 2, 3`);
  return [lines.map(({ line }) => `-- ${line};`).join('\n')];
}

/** The settings and grants of the database itself, under any name. */
export async function readDatabase(read: ReadCatalog): Promise<string[]> {
  const lines = await read<{ line: string }>(`
    with this as (select * from pg_database where datname = current_database()),
    privilege as (
      select a.grantee, lower(string_agg(distinct a.privilege_type, ', ' order by a.privilege_type)) as privileges,
        a.is_grantable, a.granted
      from this cross join lateral (
        select grantee, privilege_type, is_grantable, true as granted
        from aclexplode(coalesce(datacl, acldefault('d', datdba)))
        union all
        select d.grantee, d.privilege_type, d.is_grantable, false
        from aclexplode(acldefault('d', datdba)) as d
        where not exists (
          select from aclexplode(coalesce(datacl, acldefault('d', datdba))) as e
          where (e.grantee, e.privilege_type) = (d.grantee, d.privilege_type)
        )
      ) as a
      where a.grantee <> datdba
      group by a.grantee, a.is_grantable, a.granted
    )
    select case when granted then 2 else 1 end as part,
      format(case when granted then 'grant %s on database %%I to %s%s' else 'revoke %s on database %%I from %s' end,
        privileges, case grantee when 0 then 'public' else quote_ident(pg_get_userbyid(grantee)) end,
        case when is_grantable then ' with grant option' else '' end) as line
    from privilege
    union all
    select 3, format('alter %s%%I set %s = %s',
      case s.setrole when 0 then 'database ' else format('role %I in database ', pg_get_userbyid(s.setrole)) end,
      split_part(setting, '=', 1), ${settingValue("substr(setting, strpos(setting, '=') + 1)")})
    from pg_db_role_setting as s cross join unnest(s.setconfig) as setting
    where s.setdatabase = (select oid from this)
    order by 1, 2`);
  if (lines.length === 0) return [];
  const statements = lines.map(({ line }) => `  execute format(${quote(line)}, current_database());`);
  return [`do $database$\nbegin\n${statements.join('\n')}\nend\n$database$;`];
}

/** A stored setting as SQL. Postgres stores a search_path as a list of quoted names; here it becomes a list of strings. */
function settingValue(value: string): string {
  return `case when setting like 'search_path=%' then (
      select string_agg(quote_literal(replace(coalesce(name[1], name[2]), '""', '"')), ', ')
      from regexp_matches(${value}, '"((?:[^"]|"")*)"|([^", ]+)', 'g') as name
    ) else quote_literal(${value}) end`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
