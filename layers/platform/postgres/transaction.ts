import type pg from 'pg';
import { OutcomeUnknown } from '../errors.ts';
import { noted } from './connection-failures.ts';
import { isSqlError, isUndone } from './sqlstate.ts';

export interface TransactionOptions {
  /** The first statement, with an isolation level, `read only` or settings after a `;` if needed. The default is `begin`. */
  readonly begin?: `begin${string}`;
  /** `rollback` undoes the work and keeps its result: for a dry run, or for reading without a trace. */
  readonly ending?: 'commit' | 'rollback';
}

const inside = new WeakSet<pg.ClientBase>();

/**
 * Runs work in one transaction of a connection: all of it is kept, or nothing.
 *
 * @example const id = await inTransaction(admin, () => addOrganization(admin, acme), { ending: dryRun ? 'rollback' : 'commit' })
 * @throws OutcomeUnknown when COMMIT was sent and not answered: the work may be stored or not
 * @throws every error of the work or the database, after a rollback
 */
export async function inTransaction<T>(
  client: pg.ClientBase,
  work: () => Promise<T>,
  { begin = 'begin', ending = 'commit' }: TransactionOptions = {},
): Promise<T> {
  // The inner COMMIT would keep what the outer transaction wants to undo.
  if (inside.has(client)) throw new Error('this connection is inside a transaction already');
  inside.add(client);
  try {
    await client.query(begin);
    const result = await work();
    const writes = ending === 'commit' && !begin.includes('read only');
    const { command } = await client.query(ending).catch((error) => {
      throw writes && !(isSqlError(error) && isUndone(error)) ? new OutcomeUnknown(noted(error)) : error;
    });
    // Postgres answers the COMMIT of a failed transaction with ROLLBACK, and the client reports that as success.
    if (command.toLowerCase() !== ending) throw new Error(`the database answered ${ending} with ${command}`);
    return result;
  } catch (error) {
    // A lost connection has nothing to roll back.
    await client.query('rollback').catch(() => {});
    throw error;
  } finally {
    inside.delete(client);
  }
}
