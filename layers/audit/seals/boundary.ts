import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { isRetryable, isSqlError } from '#platform/postgres/sqlstate.ts';

/** How long to try to find an instant in which nobody writes. */
const defaultPatienceMs = 5_000;

/** The pause between two attempts. Writers work undisturbed for longer than one attempt delays them. */
const pauseMs = { min: 50, max: 150 } as const;

/** `lock_not_available`: writers did not finish in time. */
const busy = '55P03';

export interface BoundaryOptions {
  /** Stops further attempts. */
  readonly signal?: AbortSignal | undefined;
  /** How long to try, in milliseconds. */
  readonly patienceMs?: number | undefined;
}

/**
 * Closes the ledger of an organization up to its newest entry: from then on nothing can be committed before that point.
 * Returns whether it succeeded. It fails while somebody writes without a pause or keeps a transaction open.
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
 * Sends one message: writers wait from the drawing to the commit, and a network round trip could keep them waiting too
 * long on a busy machine.
 */
async function draw(jobs: pg.ClientBase, orgId: string): Promise<void> {
  try {
    await jobs.query(
      `begin; select tenancy.enter_as_job(${pg.escapeLiteral(orgId)}); select inventory.draw_seal_boundary(); commit`,
    );
  } catch (error) {
    // On a lost connection there is nothing to roll back.
    await jobs.query('rollback').catch(() => {});
    throw error;
  }
}
