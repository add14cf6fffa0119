import type { EventEmitter } from 'node:events';
import type pg from 'pg';
import { log } from '../log.ts';
import { isSqlError } from './sqlstate.ts';

/**
 * Whether a session is still as it was opened. Nothing of ours changes a session, so a change means that a statement
 * was not ours: such a connection must not serve another request. Everything here is read from answers that come
 * anyway. What a SELECT can change unseen (`set_config`, session locks) is taken from the role in `sql/roles.sql`.
 */

/** Commands that end with their transaction. SET, LISTEN, PREPARE, DECLARE, LOAD, DO and all others may outlive it. */
const endsWithTransaction =
  /^(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|SELECT|CALL|INSERT|UPDATE|DELETE|MERGE|COPY|LOCK)\b/;

/** What our own functions and constraints answer. Any other error may come of what was left behind in the session. */
const ownAnswers = /^(SK[1-8]..|23...|22003|40...)$/;

const changed = new WeakSet<pg.ClientBase>();

/** Watches a connection from now on: call it once it is logged in. */
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
  // Sent when a setting changes that clients depend on, such as search_path or client_encoding.
  connection.on('parameterStatus', ({ parameterName }: { parameterName: string }) => note(parameterName));
  client.on('notification', () => note('LISTEN'));
}

/** Whether the session of a watched connection may be another than it was. `failure` is what the last work has thrown. */
export function isSessionChanged(client: pg.PoolClient, failure: unknown): boolean {
  if (changed.has(client) || client.getTransactionStatus() !== 'I') return true;
  return isSqlError(failure) && !ownAnswers.test(failure.code);
}
