import type pg from 'pg';
import { endStatementsAt } from '#platform/postgres/statement-deadline.ts';

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
  await jobs.query('begin isolation level repeatable read read only');
  try {
    await jobs.query('select tenancy.enter_as_job($1)', [orgId]);
    const result = await work({
      query: async (text, values = []) => {
        await endStatementsAt(jobs, endsAtMs);
        return (await jobs.query({ text, values: [...values] })).rows;
      },
    });
    await jobs.query('commit');
    return result;
  } catch (error) {
    // On a connection that is lost there is nothing to take back.
    await jobs.query('rollback').catch(() => {});
    throw error;
  }
}
