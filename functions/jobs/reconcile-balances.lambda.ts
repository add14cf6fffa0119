import { reconcileDue, type TickReport } from '#audit/reconciliation/runs/job.ts';
import { withConnection } from '#platform/postgres/database.ts';

/** What a job needs of Lambda's context. */
interface Invocation {
  getRemainingTimeInMillis(): number;
}

/** Reconciles every organization that is due, and seals those without a discrepancy. Runs may overlap. */
export function handler(_event: unknown, invocation: Invocation): Promise<TickReport> {
  return withConnection(
    (jobs) => reconcileDue(jobs, { remainingMs: () => invocation.getRemainingTimeInMillis() }),
    'jobs',
  );
}
