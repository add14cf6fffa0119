import { Signer } from '@aws-sdk/rds-signer';
import pg from 'pg';
import { type DatabaseConfig, databaseConfig } from './config.ts';
import { Unavailable } from './errors.ts';
import { log } from './log.ts';

const connectTimeoutMs = 5_000;

let pool: pg.Pool | undefined;

/** The process' connections to the database, opened when first needed. Settings come from the environment. */
export function database(): pg.Pool {
  pool ??= createPool(databaseConfig());
  return pool;
}

/** Closes the process' connections, those in use when they are given back. */
export async function closeDatabase(): Promise<void> {
  const closing = pool;
  pool = undefined;
  await closing?.end();
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
    connectionTimeoutMillis: connectTimeoutMs,
    // A process that has nothing else to do may end, whatever connections it keeps.
    allowExitOnIdle: true,
    application_name: 'stockade',
  });
  // An idle connection that dies is only replaced; without a listener it would end the process.
  created.on('error', (error) => log.warn('an idle database connection was lost', error));
  return created;
}

/**
 * Takes a connection, does the work, and gives the connection back; a connection that failed is closed instead.
 * @throws Unavailable when no connection can be had; nothing was sent then, so the caller may safely retry
 */
export async function withConnection<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await connect();
  let broken: Error | undefined;
  const onError = (error: Error) => {
    broken = error;
  };
  client.on('error', onError);
  try {
    return await work(client);
  } catch (error) {
    // Lost in the middle: whether the work took effect is not known, which is what Idempotency-Key is for.
    if (broken) throw new Unavailable('The connection to the database was lost: try again.', error);
    throw error;
  } finally {
    client.off('error', onError);
    // A connection that is still inside a transaction must never serve another request.
    client.release(broken ?? client.getTransactionStatus() !== 'I');
  }
}

async function connect(): Promise<pg.PoolClient> {
  try {
    return await database().connect();
  } catch (error) {
    throw new Unavailable('The database does not answer: try again.', error);
  }
}

function connectionOf(config: DatabaseConfig): pg.PoolConfig {
  if ('url' in config) return { connectionString: config.url };
  const signer = new Signer({ hostname: config.host, port: config.port, username: config.user });
  return {
    host: config.host,
    port: config.port,
    database: config.name,
    user: config.user,
    // A token lives fifteen minutes and is made for each new connection.
    password: () => signer.getAuthToken(),
    ssl: { rejectUnauthorized: true },
  };
}
