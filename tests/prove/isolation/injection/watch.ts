import type { Client } from 'pg';
import { withConnection } from '#platform/postgres/database.ts';
import { digestStatement } from '../tenant-tables.ts';

/** Watches what must not change while an organization is attacked. */
export interface Watch {
  /** Whether rows of the organization, or objects of the database, have changed since the last look. */
  changes(): Promise<{ readonly rows: boolean; readonly objects: boolean }>;
  /** The statements of the API that still run `graceMs` after the answer. */
  stillRunning(graceMs: number): Promise<string[]>;
  /** What the session has kept that will serve the next request. */
  leftovers(): Promise<string[]>;
}

/** In an order of their own: a setting that was changed back comes last. */
const settings = 'array(select setting from unnest(setconfig) as setting order by setting)';

/** A digest of the objects of the database, roles and their settings, large objects, and secrets. */
const objects = `
  select md5(concat_ws(',',
    (select string_agg(concat_ws(' ', oid, relname, relacl, relowner, relrowsecurity, relforcerowsecurity), ',' order by oid)
       from pg_class where oid >= 16384 and relpersistence <> 't'),
    (select string_agg(concat_ws(' ', oid, proname, proacl, prosrc), ',' order by oid) from pg_proc where oid >= 16384),
    (select string_agg(concat_ws(' ', oid, typname, typacl), ',' order by oid) from pg_type where oid >= 16384),
    (select string_agg(concat_ws(' ', polrelid, polname, polroles, pg_get_expr(polqual, polrelid)), ',' order by oid) from pg_policy),
    (select string_agg(concat_ws(' ', oid, tgname, tgenabled), ',' order by oid) from pg_trigger),
    (select string_agg(concat_ws(' ', nspname, nspacl), ',' order by oid) from pg_namespace where nspname !~ '^pg_(toast_)?temp'),
    -- Others use the server as well, and create roles: only ours, and the name that attacks create.
    (select string_agg(concat_ws(' ', rolname, rolsuper, rolbypassrls, rolcreaterole, rolcanlogin, rolconnlimit), ',' order by oid)
       from pg_roles where rolname ~ '^(stockade_|evil)'),
    (select string_agg(concat_ws(' ', setdatabase, setrole, ${settings}), ',' order by setdatabase, setrole)
       from pg_db_role_setting where (setrole = 0 or setrole::regrole::text ~ '^(stockade_|evil)')
         and setdatabase in (0, (select oid from pg_database where datname = current_database()))),
    (select string_agg(defaclacl::text, ',') from pg_default_acl),
    (select string_agg(extname, ',' order by extname) from pg_extension),
    (select string_agg(oid::text, ',' order by oid) from pg_largeobject_metadata),
    (select string_agg(u::text, ',' order by u.id) from tenancy.users u),
    (select string_agg(k::text, ',' order by k.id) from tenancy.context_keys k),
    (select string_agg(k::text, ',' order by k.id) from tenancy.pass_keys k)
  )) as objects`;

/** Everything that a session can carry into its next transaction, as far as it can see that itself. */
const sessionState = `
  select
    pg_backend_pid() as pid,
    (select json_object_agg(name, setting order by name) from pg_settings where source = 'session') as settings,
    nullif(current_setting('stockade.context', true), '') as context,
    (select json_agg(name) from pg_prepared_statements where name <> '') as prepared,
    (select json_agg(name) from pg_cursors where is_holdable) as cursors,
    (select json_agg(channel) from pg_listening_channels() as channel) as channels,
    nullif(pg_my_temp_schema(), 0) as temporary,
    session_user || ' ' || current_user as users`;

/** What every role of the server has: attributes, password, memberships, and what its sessions begin with in any database. */
const roles = `
  select md5(concat_ws(',',
    (select string_agg(a::text, ',' order by oid) from pg_authid a),
    (select string_agg(m::text, ',' order by oid) from pg_auth_members m),
    (select string_agg(concat_ws(' ', setdatabase, setrole, ${settings}), ',' order by setdatabase, setrole) from pg_db_role_setting)
  )) as roles`;

/** Watches an organization, and the roles too when nobody else uses the server. `superuser` is a separate connection. */
export async function watchOrganization(superuser: Client, orgId: string, alone: boolean): Promise<Watch> {
  const digest = await digestStatement(superuser);
  const look = async () => [
    (await superuser.query(digest, [orgId])).rows[0].digest,
    (await superuser.query(objects)).rows[0].objects +
      (alone ? (await superuser.query(roles)).rows[0].roles : ''),
  ];
  let before = await look();
  let fresh: Record<string, unknown> | undefined;

  async function stillRunning(graceMs: number): Promise<string[]> {
    const untilMs = performance.now() + graceMs;
    for (;;) {
      const { rows } = await superuser.query<{ state: string; query: string }>(
        `select state, left(query, 100) as query
         from pg_stat_activity
         where datname = current_database() and usename = 'stockade_api' and application_name = 'stockade' and state <> 'idle'`,
      );
      if (rows.length === 0 || performance.now() > untilMs) {
        return rows.map(({ state, query }) => `still ${state}: ${query}`);
      }
    }
  }

  async function leftovers(): Promise<string[]> {
    const session = await withConnection((client) => client.query(sessionState)).catch(() => undefined);
    if (session === undefined) return ['the API cannot log in any more'];
    const { rows } = session;
    const { pid, ...state } = rows[0] as Record<string, unknown>;
    const locks = await superuser.query(`select from pg_locks where locktype = 'advisory' and pid = $1`, [
      pid,
    ]);
    fresh ??= state;
    const faults = Object.entries(state)
      .filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(fresh?.[name]))
      .map(([name, value]) => `the session keeps ${name}: ${JSON.stringify(value)}`);
    if (locks.rowCount) faults.push(`the session keeps ${locks.rowCount} advisory locks`);
    return faults;
  }

  return {
    async changes() {
      const now = await look();
      const changed = { rows: now[0] !== before[0], objects: now[1] !== before[1] };
      before = now;
      return changed;
    },
    stillRunning,
    leftovers,
  };
}
