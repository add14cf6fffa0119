import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { isRetryable, isSqlError } from '#platform/postgres/sqlstate.ts';

/** Tries at an instant in which nobody writes, until this has passed. */
const defaultPatienceMs = 5_000;

/** Between two tries writers go on undisturbed for longer than one try keeps them. */
const pauseMs = { min: 50, max: 150 } as const;

/** `lock_not_available`: writers were not done in time. */
const busy = '55P03';

export interface BoundaryOptions {
  /** When it comes, no other try is begun. */
  readonly signal?: AbortSignal | undefined;
  /** For how long to try, in milliseconds. */
  readonly patienceMs?: number | undefined;
}

/**
 * Closes the ledger of an organization up to its newest entry: nothing behind that is committed from then on.
 * Answers whether it could; it cannot while somebody writes without a pause, or holds a transaction open.
 */
export async function drawBoundary(
  jobs: pg.ClientBase,
  orgId: string,
  { signal, patienceMs = defaultPatienceMs }: BoundaryOptions = {},
): Promise<boolean> {
  const givesUpAtMs = performance.now() + patienceMs;
  for (;;) {
    try {
      await draw(jobs, orgId);
      return true;
    } catch (error) {
      if (!isRetryable(error) && !(isSqlError(error) && error.code === busy)) throw error;
      if (performance.now() > givesUpAtMs || signal?.aborted) return false;
      await sleep(pauseMs.min + Math.random() * (pauseMs.max - pauseMs.min));
    }
  }
}

/**
 * One message: between the drawing and the commit writers wait, and on a machine that is busy a round trip may take longer
 * than they should.
 */
async function draw(jobs: pg.ClientBase, orgId: string): Promise<void> {
  try {
    await jobs.query(
      `begin; select tenancy.enter_as_job(${pg.escapeLiteral(orgId)}); select inventory.draw_seal_boundary(); commit`,
    );
  } catch (error) {
    // On a connection that is lost there is nothing to take back.
    await jobs.query('rollback').catch(() => {});
    throw error;
  }
}
