import type pg from 'pg';
import { isSqlError } from './sqlstate.ts';

/**
 * The errors that connections to Postgres have thrown. A lost connection fails with a code of the operating system, which
 * looks the same for every service at the other end: only the connection knows that it was the database.
 */
const failures = new WeakSet<Error>();

/** Notes the errors of a connection. Without a listener, an error between two statements would end the process. */
export function noteFailures(client: pg.ClientBase): void {
  client.on('error', noted);
}

/** Notes an error that a connection to Postgres has thrown, and returns it. What the server says speaks for itself. */
export function noted<Thrown>(error: Thrown): Thrown {
  if (error instanceof Error && !isSqlError(error)) failures.add(error);
  return error;
}

/** Connects, and notes the errors of the connection from then on. */
export async function connectNoted(client: pg.Client): Promise<void> {
  noteFailures(client);
  await client.connect().catch((error: unknown) => {
    throw noted(error);
  });
}

/** Whether a connection to Postgres has thrown this error. `pg` gives the end of a connection no code, only words. */
export function isConnectionFailure(error: Error): boolean {
  return failures.has(error) || /^Connection terminated\b/.test(error.message);
}
