import { reconcileDue, type TickReport } from '#audit/reconciliation/runs/job.ts';
import { job } from '#platform/job.ts';
import { withConnection } from '#platform/postgres/database.ts';

/** The part of Lambda's context that the job needs. */
interface Invocation {
  getRemainingTimeInMillis(): number;
}

/** Reconciles every organization that is due, and seals correct ledgers. It runs on a schedule; runs may overlap. */
export const handler = job(
  (_event: unknown, invocation: Invocation): Promise<TickReport> =>
    withConnection(
      (jobs) => reconcileDue(jobs, { remainingMs: () => invocation.getRemainingTimeInMillis() }),
      'jobs',
    ),
);
