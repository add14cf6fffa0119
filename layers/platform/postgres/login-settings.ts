import pg from 'pg';
import { log } from '../log.ts';
import { count } from '../metrics.ts';
import { isSqlError } from './sqlstate.ts';

/**
 * Any role may change the settings that its own sessions begin with, for good and for everybody, and Postgres has no way to
 * forbid it. One injected `alter role … set statement_timeout = '1ms'` would stop the API until somebody repairs the role.
 * But the role may also change them back. So each new connection looks at what its role begins sessions with, and a
 * change is undone before the connection serves anybody.
 */

/** What the sessions of each login role begin with, as Postgres stores it. `sql/roles.sql` sets the same; a test compares them. */
export const loginSettings: Readonly<Record<string, readonly string[]>> = {
  stockade_api: [
    'client_connection_check_interval=5s',
    'enable_bitmapscan=off',
    'enable_hashjoin=off',
    'enable_indexonlyscan=off',
    'enable_material=off',
    'enable_mergejoin=off',
    'enable_seqscan=off',
    'idle_in_transaction_session_timeout=30s',
    'jit=off',
    'lock_timeout=5s',
    'search_path=""',
    'statement_timeout=15s',
  ],
  stockade_jobs: ['enable_bitmapscan=off', 'enable_seqscan=off', 'lock_timeout=30s', 'search_path=""'],
  stockade_admin: [
    'enable_bitmapscan=off',
    'enable_seqscan=off',
    'lock_timeout=5s',
    'search_path=""',
    'statement_timeout=60s',
  ],
};

/**
 * What the role itself cannot change back: the first was set by a superuser, the others last for no longer than the login.
 */
const left = /^(temp_file_limit|seed|transaction_(read_only|isolation|deferrable))=/;
/** No setting of a release is longer. A role can give itself one of a hundred megabytes, which would take half a minute to read. */
const mostCharacters = 1_000;

/** The settings of the role of a new connection are not those of this release, or could not be read with them. */
export class LoginChanged extends Error {
  override readonly name = 'LoginChanged';
}

/**
 * Looks at what the role of a new connection begins its sessions with. Roles of others are not looked at.
 * @throws LoginChanged
 */
export async function refuseChangedLogin(client: pg.ClientBase): Promise<void> {
  const { wrong, missing } = await readLogin(client).catch((cause) => {
    throw new LoginChanged('the settings of the role could not be read', { cause });
  });
  if (wrong.length + missing.length > 0)
    throw new LoginChanged('the role begins its sessions with other settings');
}

/** Whether the login itself failed, and may have failed because of a setting of its role. */
export function mayBeOfLogin(error: unknown): boolean {
  // A library that cannot be loaded, or a setting that the server refuses at the start of a session.
  return (
    error instanceof LoginChanged || (isSqlError(error) && /^(58P01|22023|42704|25P04)$/.test(error.code))
  );
}

/**
 * Gives the role of a connection the settings of this release again, when they were changed.
 * @param config how to connect; what is passed in it for the start of a session wins over every setting of the role
 * @throws the error of the connection or of the commands
 */
export async function restoreLogin(config: pg.ClientConfig): Promise<void> {
  await using rescue = await openRescue(config);
  const { client } = rescue;
  const { role, database, wrong, missing } = await readLogin(client);
  if (wrong.length + missing.length === 0) return;
  const inDatabase = `in database ${pg.escapeIdentifier(database)}`;
  // One after the other: RESET ALL is refused when there is one among them that cannot be reset.
  await client.query(
    [
      ...wrong.map(
        (setting) =>
          `alter role session_user ${setting.inDatabase ? inDatabase : ''} reset ${nameOf(setting.text)}`,
      ),
      ...missing.map((setting) => {
        const value = setting.slice(setting.indexOf('=') + 1);
        return `alter role session_user set ${nameOf(setting)} = ${value === '""' ? "''" : pg.escapeLiteral(value)}`;
      }),
    ].join('; '),
  );
  const changed = [...wrong.map(({ text }) => text), ...missing.map((setting) => `no ${setting}`)];
  log.error('a role had changed its own settings, and has those of this release again', { role, changed });
  count('LoginChanged', { role });
}

function nameOf(setting: string): string {
  return pg.escapeIdentifier(setting.slice(0, setting.indexOf('=')));
}

interface RoleSettings {
  readonly role: string;
  readonly database: string;
  /** What sessions begin with and should not. */
  readonly wrong: readonly { readonly text: string; readonly inDatabase: boolean }[];
  /** What sessions should begin with and do not. */
  readonly missing: readonly string[];
}

/** What is not as it must be with the role of a session. Nothing, for roles that are not ours. */
async function readLogin(client: pg.ClientBase): Promise<RoleSettings> {
  const query = {
    text: `
      select session_user as role, pg_catalog.current_database() as database, s.setdatabase <> 0 as "inDatabase",
        array(select pg_catalog.left(text, ${mostCharacters}) from pg_catalog.unnest(s.setconfig) as text) as settings
      from (select) as one
      left join pg_catalog.pg_db_role_setting s
        on s.setrole = pg_catalog.quote_ident(session_user)::pg_catalog.regrole
        and s.setdatabase in (
          0, (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())
        )`,
    query_timeout: 5_000,
  };
  const { rows } = await client.query<{
    role: string;
    database: string;
    inDatabase: boolean | null;
    settings: string[];
  }>(query);
  const { role = '', database = '' } = rows[0] ?? {};
  const wanted = loginSettings[role];
  if (wanted === undefined) return { role, database, wrong: [], missing: [] };
  const found = rows.flatMap(({ inDatabase, settings }) =>
    settings.map((text) => ({ text, inDatabase: inDatabase === true })),
  );
  const isRight = ({ text, inDatabase }: RoleSettings['wrong'][number]) =>
    !inDatabase && wanted.includes(text);
  return {
    role,
    database,
    wrong: found.filter((setting) => !isRight(setting) && !left.test(setting.text)),
    missing: wanted.filter((setting) => !found.some((each) => isRight(each) && each.text === setting)),
  };
}

/** What would keep a session from repairing its role. At the start of a session it wins over the settings of the role. */
const rescueOptions: readonly string[] = [
  'role=none',
  'search_path=',
  'local_preload_libraries=',
  'statement_timeout=5s',
  'lock_timeout=2s',
  'idle_session_timeout=0',
  'idle_in_transaction_session_timeout=0',
  'tcp_user_timeout=0',
  'default_transaction_read_only=off',
  'default_transaction_deferrable=off',
  'exit_on_error=off',
];

/** Since Postgres 17. */
const newerOptions: readonly string[] = ['transaction_timeout=0'];

async function openRescue(
  config: pg.ClientConfig,
): Promise<AsyncDisposable & { readonly client: pg.Client }> {
  const connect = async (options: readonly string[]) => {
    const client = new pg.Client({
      ...config,
      ...(options.length > 0 && { options: options.map((option) => `-c ${option}`).join(' ') }),
    });
    client.on('error', () => {});
    await client.connect();
    return { client, [Symbol.asyncDispose]: () => client.end() };
  };
  try {
    return await connect([...rescueOptions, ...newerOptions]);
  } catch (error) {
    if (!isSqlError(error)) throw error;
    if (error.code === '42704') return await connect(rescueOptions);
    // RDS Proxy takes no options.
    if (error.code === '0A000') return await connect([]);
    throw error;
  }
}
