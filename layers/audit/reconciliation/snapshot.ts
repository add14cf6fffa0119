import type pg from 'pg';
import { endStatementsAt } from '#platform/postgres/statement-deadline.ts';
import { inTransaction } from '#platform/postgres/transaction.ts';

/** Statements that all see the same instant. */
export interface Snapshot {
  query<Row extends pg.QueryResultRow>(text: string, values?: readonly unknown[]): Promise<Row[]>;
}

/**
 * Looks at one organization as it is at one instant: movements and balances of the same transactions, whatever is written
 * meanwhile. Takes no lock that a writer could meet. What is not done by `endsAtMs`, as `performance.now()` counts, is ended.
 * @throws what isOutOfTime() knows when the time is over
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
