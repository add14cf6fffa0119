import type pg from 'pg';
import { isOfAws } from '../aws/call.ts';
import { OutcomeUnknown, Unavailable } from '../errors.ts';
import { log } from '../log.ts';
import { count } from '../metrics.ts';
import { noted } from './connection-failures.ts';
import { mayBeOfLogin, restoreLogin } from './login-settings.ts';
import { isSessionChanged } from './session-watch.ts';
import { isSqlError, toProblem } from './sqlstate.ts';

/** A connection of a pool, in the hands of one caller. */
export interface TakenConnection {
  readonly client: pg.PoolClient;
  /**
   * The error of the work, or the better one: `Unavailable` when the connection was lost during the work, and nothing can be
   * stored.
   */
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
    explain: (error) =>
      lost && !isOfAws(error) && !(error instanceof OutcomeUnknown)
        ? new Unavailable('The connection to the database was lost: try again.', noted(error))
        : error,
    giveBack(failure) {
      client.off('error', onError);
      client.release(lost ?? isSessionChanged(client, failure));
    },
  };
}

async function connect(pool: pg.Pool): Promise<pg.PoolClient> {
  try {
    return await pool.connect().catch(async (error) => {
      if (!mayBeOfLogin(error)) throw error;
      await restoreLogin(pool.options);
      return await pool.connect();
    });
  } catch (error) {
    noteRefusedLogin(error);
    // The server may say why it refuses: it is starting, or has no connection left.
    const said = toProblem(noted(error));
    throw said instanceof Unavailable
      ? said
      : new Unavailable('The database does not answer: try again.', error);
  }
}

/** A role may change its own password too. Only an administrator can give it back. */
function noteRefusedLogin(error: unknown): void {
  if (!isSqlError(error) || error.code !== '28P01') return;
  log.error('the database refuses the password of the role', { message: error.message });
  count('LoginChanged');
}
