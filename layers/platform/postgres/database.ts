import { Signer } from '@aws-sdk/rds-signer';
import pg from 'pg';
import { adminDatabaseConfig, type DatabaseConfig, databaseConfig, jobsDatabaseConfig } from '../config.ts';
import { Unavailable } from '../errors.ts';
import { log } from '../log.ts';
import { endSession } from './end-session.ts';
import { isSessionChanged, watchSession } from './session-watch.ts';

const connectTimeoutMs = 5_000;

/** As whom the database is used: as the role of tenants' requests, as stockade_admin for operators, as stockade_jobs. */
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
  opened.set(login, opening);
  return opening;
}

/** The process' connections to the database, opened when first needed. Settings come from the environment. */
export function database(login: Login = 'tenants'): pg.Pool {
  return open(login).pool;
}

/** Closes the process' connections, those in use when they are given back. */
export async function closeDatabase(): Promise<void> {
  const closing = [...opened.values()];
  opened.clear();
  await Promise.all(closing.map(({ pool }) => pool.end()));
}

/**
 * Asks the database for nothing.
 * @throws Unavailable when it does not answer
 */
export async function pingDatabase(): Promise<void> {
  await withConnection((client) => client.query('select'));
}

/**
 * A pool whose clients pipeline: statements go out without waiting for the answers of those before them.
 * Numbers stay numbers: `numeric(15,4)` and `bigint` counts fit a double without loss.
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
    // A process that has nothing else to do may end, whatever connections it keeps.
    allowExitOnIdle: true,
    application_name: 'stockade',
  });
  // An idle connection that dies is only replaced; without a listener it would end the process.
  created.on('error', (error) => log.warn('an idle database connection was lost', error));
  created.on('connect', watchSession);
  return created;
}

/**
 * Takes a connection, does the work, and gives the connection back. One that failed, that may carry anything from
 * this work into the next, or whose work has exceeded its deadline is closed instead.
 * @throws Unavailable when no connection can be had; nothing was sent then, so the caller may safely retry
 */
export async function withConnection<T>(
  work: (client: pg.PoolClient) => Promise<T>,
  login: Login = 'tenants',
): Promise<T> {
  const { pool, config } = open(login);
  const client = await connect(pool);
  const deadline = setDeadline(client, config);
  let broken: Error | undefined;
  const onError = (error: Error) => {
    broken = error;
  };
  client.on('error', onError);
  let failure: unknown;
  try {
    return await work(client);
  } catch (error) {
    failure = error;
    await deadline.ended();
    if (deadline.isOver())
      throw new Unavailable('The request took too long and was stopped.', error, 'timeout');
    // Lost in the middle: whether the work took effect is not known, which is what Idempotency-Key is for.
    if (broken) throw new Unavailable('The connection to the database was lost: try again.', error);
    throw error;
  } finally {
    deadline.clear();
    client.off('error', onError);
    client.release(broken ?? isSessionChanged(client, failure));
  }
}

/**
 * Ends the session of work that has not ended in time. The role's statement_timeout comes first; this is for the
 * statement that has switched it off.
 */
function setDeadline(client: pg.PoolClient, config: DatabaseConfig) {
  let ending: Promise<void> | undefined;
  const end = async () => {
    try {
      // Its transaction has begun a little later than the connection was taken.
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
    /** Waits for the end that is under way: a function that has answered is frozen. */
    ended: async () => await ending,
    clear: () => clearTimeout(timer),
  };
}

async function connect(pool: pg.Pool): Promise<pg.PoolClient> {
  try {
    return await pool.connect();
  } catch (error) {
    throw new Unavailable('The database does not answer: try again.', error);
  }
}

function connectionOf(config: DatabaseConfig): pg.PoolConfig {
  if ('url' in config) return { connectionString: config.url, connectionTimeoutMillis: connectTimeoutMs };
  const signer = new Signer({ hostname: config.host, port: config.port, username: config.user });
  return {
    host: config.host,
    port: config.port,
    database: config.name,
    user: config.user,
    // A token lives fifteen minutes and is made for each new connection.
    password: () => signer.getAuthToken(),
    ssl: { rejectUnauthorized: true },
    connectionTimeoutMillis: connectTimeoutMs,
  };
}
