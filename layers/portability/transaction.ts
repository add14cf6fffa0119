import type pg from 'pg';
import { inTransaction, type TransactionOptions } from '#platform/postgres/transaction.ts';

/**
 * Runs work in one transaction that may take as long as it needs, but waits for no lock longer than half a minute.
 * @throws every error of the work or the database
 */
export async function inLongTransaction<T>(
  client: pg.ClientBase,
  options: TransactionOptions,
  work: () => Promise<T>,
): Promise<T> {
  return await inTransaction(
    client,
    async () => {
      await client.query(`set local statement_timeout = 0; set local lock_timeout = '30s'`);
      return await work();
    },
    options,
  );
}

/** Calls a function of the database and returns its single result. */
export async function answerOf<Answer>(
  client: pg.ClientBase,
  call: `${string}.${string}(${string})`,
  values: readonly unknown[] = [],
): Promise<Answer> {
  const { rows } = await client.query<{ answer: Answer }>(`select ${call} as answer`, [...values]);
  if (!rows[0]) throw new Error(`${call} returned no row`);
  return rows[0].answer;
}
