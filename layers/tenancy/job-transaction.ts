import type pg from 'pg';
import { sendBatch } from '#platform/postgres/batch.ts';
import { isRetryable, isSqlError } from '#platform/postgres/sqlstate.ts';
import { inTransaction } from '#platform/postgres/transaction.ts';

/** Attempts at a transaction that meets another one. */
const maxAttempts = 5;

/**
 * Failures that another transaction caused in between: stock or a catalogue entry that was there a moment ago is gone. The
 * next attempt sees the new state.
 */
const overtaken = new Set(['SK201', '23503']);

/**
 * Runs one statement in a transaction of a job, inside an organization, or outside all of them without `orgId`.
 * `jobs` is a connection as stockade_jobs, used by one caller at a time.
 */
export async function inOrganizationAsJob<Row extends pg.QueryResultRow>(
  jobs: pg.ClientBase,
  orgId: string | undefined,
  mode: 'read' | 'write',
  statement: pg.QueryConfig,
): Promise<Row[]> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await transaction<Row>(jobs, orgId, mode, statement);
    } catch (error) {
      const isPassing = isRetryable(error) || (isSqlError(error) && overtaken.has(error.code));
      if (!isPassing || attempt >= maxAttempts) throw error;
    }
  }
}

/** The entering and the statement are one message: an import of many organizations makes thousands of transactions. */
async function transaction<Row extends pg.QueryResultRow>(
  jobs: pg.ClientBase,
  orgId: string | undefined,
  mode: 'read' | 'write',
  { text, values = [] }: pg.QueryConfig,
): Promise<Row[]> {
  const ahead = orgId === undefined ? [] : [{ text: 'select tenancy.enter_as_job($1)', values: [orgId] }];
  return await inTransaction(
    jobs,
    async () => (await sendBatch<Row>(jobs, { ahead, statement: { text, values } })).rows,
    { begin: mode === 'read' ? 'begin read only' : 'begin' },
  );
}
