import type { EventEmitter } from 'node:events';
import type pg from 'pg';
import { log } from '../log.ts';
import { isSqlError } from './sqlstate.ts';

/**
 * Detects whether a session has changed since it was opened. Our own statements never change a session, so a change
 * means that another statement ran: such a connection must not serve another request. Detection reads only answers that
 * arrive anyway. `sql/roles.sql` takes away the functions with which a SELECT could change the session unseen
 * (`set_config`, session locks).
 */

/** Commands whose effect ends with their transaction. SET, LISTEN, PREPARE, DECLARE, LOAD, DO and all others may outlive it. */
const endsWithTransaction =
  /^(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|SELECT|CALL|INSERT|UPDATE|DELETE|MERGE|COPY|LOCK)\b/;

/** The SQLSTATEs of our own functions and constraints. Any other error may come from a session that was changed. */
const ownAnswers = /^(SK[1-8]..|23...|22003|40...)$/;

const changed = new WeakSet<pg.ClientBase>();

/** Watches a connection from now on. Call it after the login. */
export function watchSession(client: pg.ClientBase): void {
  const note = (what: string) => {
    if (!changed.has(client)) log.error('a statement that is not ours has changed its session', { what });
    changed.add(client);
  };
  // `pg` publishes its protocol's events here; its types leave them out.
  const { connection } = client as pg.ClientBase & { readonly connection: EventEmitter };
  connection.on('commandComplete', ({ text }: { text: string }) => {
    if (!endsWithTransaction.test(text)) note(text);
  });
  // Postgres sends this when a setting changes that clients depend on, such as search_path or client_encoding.
  connection.on('parameterStatus', ({ parameterName }: { parameterName: string }) => note(parameterName));
  client.on('notification', () => note('LISTEN'));
}

/** Whether the session of a watched connection may have changed. `failure` is the error of the last work, if any. */
export function isSessionChanged(client: pg.PoolClient, failure: unknown): boolean {
  if (changed.has(client) || client.getTransactionStatus() !== 'I') return true;
  return isSqlError(failure) && !ownAnswers.test(failure.code);
}
