import type pg from 'pg';
import { isSqlError } from './sqlstate.ts';

/** The time that something may take is over. */
export class OutOfTime extends Error {
  override readonly name = 'OutOfTime';
}

const queryCanceled = '57014';

/**
 * Ends what follows in the transaction at work when it is not done by `endsAtMs`, as `performance.now()` counts. Undefined
 * or infinite: it takes what it takes. To be called before each statement, for each begins anew.
 * @throws OutOfTime when the time is over already; later the statement ends with 57014
 */
export async function endStatementsAt(client: pg.ClientBase, endsAtMs: number | undefined): Promise<void> {
  if (endsAtMs === undefined || !Number.isFinite(endsAtMs)) return;
  const leftMs = Math.floor(endsAtMs - performance.now());
  if (leftMs < 1) throw new OutOfTime('there is no time left for another statement');
  await client.query(`set local statement_timeout = ${leftMs}`);
}

/** Whether something failed only because its time was over, and may succeed with more. */
export function isOutOfTime(error: unknown): boolean {
  return error instanceof OutOfTime || (isSqlError(error) && error.code === queryCanceled);
}
