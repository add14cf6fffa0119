import type pg from 'pg';
import { isSqlError } from './sqlstate.ts';

/** The time for the work is over. */
export class OutOfTime extends Error {
  override readonly name = 'OutOfTime';
}

const queryCanceled = '57014';

/**
 * Ends the statements that follow in this transaction when they are not done by `endsAtMs`, on the clock of
 * `performance.now()`. Undefined or infinite means no limit. Call it before each statement, because the timeout starts
 * again with each.
 * @throws OutOfTime when the time is already over; a statement that exceeds it later fails with 57014
 */
export async function endStatementsAt(client: pg.ClientBase, endsAtMs: number | undefined): Promise<void> {
  if (endsAtMs === undefined || !Number.isFinite(endsAtMs)) return;
  const leftMs = Math.floor(endsAtMs - performance.now());
  if (leftMs < 1) throw new OutOfTime('there is no time left for another statement');
  await client.query(`set local statement_timeout = ${leftMs}`);
}

/** Whether the work failed only because its time was over, and may succeed with more time. */
export function isOutOfTime(error: unknown): boolean {
  return error instanceof OutOfTime || (isSqlError(error) && error.code === queryCanceled);
}
