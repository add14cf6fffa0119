import type pg from 'pg';
import { Unavailable } from '../errors.ts';
import { isSessionChanged } from './session-watch.ts';

/** A connection of a pool, in the hands of one caller. */
export interface TakenConnection {
  readonly client: pg.PoolClient;
  /** The error of the work, or the better one: `Unavailable` when the connection was lost during the work. */
  explain(error: unknown): unknown;
  /**
   * Gives the connection back to its pool. Closes it instead when it was lost, or when its session may have changed.
   * @param failure the error of a statement, if one has failed
   */
  giveBack(failure: unknown): void;
}

/**
 * Takes a connection from a pool whose connections are watched (`watchSession`).
 * @throws Unavailable when there is no connection; nothing was sent, so the caller may safely retry
 */
export async function takeConnection(pool: pg.Pool): Promise<TakenConnection> {
  const client = await connect(pool);
  let lost: Error | undefined;
  const onError = (error: Error) => {
    lost = error;
  };
  client.on('error', onError);
  return {
    client,
    // Nobody knows whether the work took effect: this is why Idempotency-Key exists.
    explain: (error) =>
      lost ? new Unavailable('The connection to the database was lost: try again.', error) : error,
    giveBack(failure) {
      client.off('error', onError);
      client.release(lost ?? isSessionChanged(client, failure));
    },
  };
}

async function connect(pool: pg.Pool): Promise<pg.PoolClient> {
  try {
    return await pool.connect();
  } catch (error) {
    throw new Unavailable('The database does not answer: try again.', error);
  }
}
