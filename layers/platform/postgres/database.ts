import pg from 'pg';
import { databaseToken } from '../aws/database-token.ts';
import { adminDatabaseConfig, type DatabaseConfig, databaseConfig, jobsDatabaseConfig } from '../config.ts';
import { OutcomeUnknown, Unavailable } from '../errors.ts';
import { log } from '../log.ts';
import { limitAnswers } from './answer-limit.ts';
import { endSession } from './end-session.ts';
import { refuseChangedLogin } from './login-settings.ts';
import { watchSession } from './session-watch.ts';
import { toProblem } from './sqlstate.ts';
import { takeConnection } from './taken-connection.ts';

const connectTimeoutMs = 5_000;

/** More than any answer of the API, with two hundred rows of the largest metadata. */
const maxAnswerBytes = 64 * 1024 * 1024;

/** Who uses the database: tenants' requests, operators (as stockade_admin) or scheduled jobs (as stockade_jobs). */
export type Login = 'tenants' | 'operators' | 'jobs';

const configOf: Readonly<Record<Login, () => DatabaseConfig>> = {
  tenants: databaseConfig,
  operators: adminDatabaseConfig,
  jobs: jobsDatabaseConfig,
};

interface Opened {
  readonly pool: pg.Pool;
  readonly config: DatabaseConfig;
}

const opened = new Map<Login, Opened>();

function open(login: Login): Opened {
  const already = opened.get(login);
  if (already) return already;
  const config = configOf[login]();
  const opening = { pool: createPool(config), config };
  // Jobs and operators' commands export whole organizations.
  if (login === 'tenants') opening.pool.on('connect', (client) => limitAnswers(client, maxAnswerBytes));
  opened.set(login, opening);
  return opening;
}

/** The connection pool of the process, opened when first needed. Its settings come from the environment. */
export function database(login: Login = 'tenants'): pg.Pool {
  return open(login).pool;
}

/** Closes the connections of the process. Connections in use are closed when they are given back. */
export async function closeDatabase(): Promise<void> {
  const closing = [...opened.values()];
  opened.clear();
  await Promise.all(closing.map(({ pool }) => pool.end()));
}

/**
 * Asks the database whether it can serve requests, those that write too.
 * @throws Unavailable when it does not answer, takes no writes, or has no room on its disk
 */
export async function assertReady(): Promise<void> {
  try {
    await withConnection((client) => client.query('select tenancy.assert_can_write()'));
  } catch (error) {
    throw toProblem(error) ?? new Unavailable('The database is not ready: try again.', error);
  }
}

/**
 * A pool whose clients pipeline: they send statements without waiting for the answers to earlier ones.
 * `numeric(15,4)` and `bigint` counts become numbers: a double holds them without loss.
 */
export function createPool(config: DatabaseConfig): pg.Pool {
  const types = new pg.TypeOverrides();
  types.setTypeParser(pg.types.builtins.NUMERIC, Number);
  types.setTypeParser(pg.types.builtins.INT8, Number);
  const created = new pg.Pool({
    ...connectionOf(config),
    max: config.maxConnections,
    types,
    pipeline: true,
    // Idle connections do not keep a process alive.
    allowExitOnIdle: true,
    application_name: 'stockade',
    onConnect: refuseChangedLogin,
  });
  // The pool replaces an idle connection that dies. Without a listener the error would end the process.
  created.on('error', (error) => log.warn('an idle database connection was lost', error));
  created.on('connect', watchSession);
  return created;
}

/**
 * Takes a connection, does the work, and gives the connection back. It closes the connection instead when the connection
 * failed, when its session may have changed, or when the work exceeded its deadline.
 * @throws Unavailable when there is no connection; nothing was sent, so the caller may safely retry
 */
export async function withConnection<T>(
  work: (client: pg.PoolClient) => Promise<T>,
  login: Login = 'tenants',
): Promise<T> {
  const { pool, config } = open(login);
  const connection = await takeConnection(pool);
  const deadline = setDeadline(connection.client, config);
  let failure: unknown;
  try {
    return await work(connection.client);
  } catch (error) {
    failure = error;
    await deadline.ended();
    if (deadline.isOver() && !(error instanceof OutcomeUnknown))
      throw new Unavailable('The request took too long and was stopped.', error, 'timeout');
    throw connection.explain(error);
  } finally {
    deadline.clear();
    connection.giveBack(failure);
  }
}

/**
 * Ends the session of work that exceeds its deadline. Normally the role's statement_timeout ends it earlier. This is
 * for a statement that has switched off its own timeout.
 */
function setDeadline(client: pg.PoolClient, config: DatabaseConfig) {
  let ending: Promise<void> | undefined;
  const end = async () => {
    try {
      // The transaction began slightly later than the connection was taken.
      const how = await endSession(client, connectionOf(config), config.deadlineMs * 0.9);
      log.error('a session that exceeded its deadline was ended', { how, deadlineMs: config.deadlineMs });
    } catch (error) {
      log.error('a session that exceeded its deadline could not be ended', error as Error);
    }
  };
  const timer = setTimeout(() => {
    ending = end();
  }, config.deadlineMs);
  return {
    isOver: () => ending !== undefined,
    /** Waits until the session has ended: Lambda freezes a function as soon as it has answered. */
    ended: async () => await ending,
    clear: () => clearTimeout(timer),
  };
}

function connectionOf(config: DatabaseConfig): pg.PoolConfig {
  if ('url' in config) return { connectionString: config.url, connectionTimeoutMillis: connectTimeoutMs };
  return {
    host: config.host,
    port: config.port,
    database: config.name,
    user: config.user,
    // A token is valid for fifteen minutes. Each new connection gets a new one.
    password: () => databaseToken(config),
    ssl: { rejectUnauthorized: true },
    connectionTimeoutMillis: connectTimeoutMs,
  };
}
