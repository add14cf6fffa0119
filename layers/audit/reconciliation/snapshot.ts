import type pg from 'pg';
import { endStatementsAt } from '#platform/postgres/statement-deadline.ts';
import { inTransaction } from '#platform/postgres/transaction.ts';

/** Statements that all see the same instant. */
export interface Snapshot {
  query<Row extends pg.QueryResultRow>(text: string, values?: readonly unknown[]): Promise<Row[]>;
}

/**
 * Reads one organization at one instant: movements and balances of the same transactions, whatever others write meanwhile.
 * It takes no lock that could block a writer. Statements that are not done by `endsAtMs`, on the clock of
 * `performance.now()`, are ended.
 * @throws an error that isOutOfTime() recognizes when the time is over
 */
export async function inSnapshot<T>(
  jobs: pg.ClientBase,
  orgId: string,
  { endsAtMs }: { readonly endsAtMs?: number | undefined },
  work: (snapshot: Snapshot) => Promise<T>,
): Promise<T> {
  return await inTransaction(
    jobs,
    async () => {
      await jobs.query('select tenancy.enter_as_job($1)', [orgId]);
      return await work({
        query: async (text, values = []) => {
          await endStatementsAt(jobs, endsAtMs);
          return (await jobs.query({ text, values: [...values] })).rows;
        },
      });
    },
    { begin: 'begin isolation level repeatable read read only' },
  );
}
