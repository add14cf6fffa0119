import type pg from 'pg';

export interface TransactionOptions {
  /** Its first statement, with an isolation level or `read only` where it needs one. Default: `begin`. */
  readonly begin?: `begin${string}`;
  /** `rollback` undoes the work and keeps its result: for a dry run, and for a look that must leave no trace. */
  readonly ending?: 'commit' | 'rollback';
}

/**
 * Runs work in one transaction of a connection: either all of it stays or nothing.
 *
 * @example const id = await inTransaction(admin, () => addOrganization(admin, acme), { ending: dryRun ? 'rollback' : 'commit' })
 * @throws whatever the work or the database throws, after a rollback
 */
export async function inTransaction<T>(
  client: pg.ClientBase,
  work: () => Promise<T>,
  { begin = 'begin', ending = 'commit' }: TransactionOptions = {},
): Promise<T> {
  await client.query(begin);
  try {
    const result = await work();
    const { command } = await client.query(ending);
    // A failed transaction answers COMMIT with ROLLBACK, and the client reports that as success.
    if (command.toLowerCase() !== ending) throw new Error(`the database answered ${ending} with ${command}`);
    return result;
  } catch (error) {
    // A lost connection has nothing to roll back.
    await client.query('rollback').catch(() => {});
    throw error;
  }
}
