import { reconcileDue, type TickReport } from '#audit/reconciliation/runs/job.ts';
import { withConnection } from '#platform/postgres/database.ts';

/** What Lambda tells about the invocation, as far as a job needs it. */
interface Invocation {
  getRemainingTimeInMillis(): number;
}

/** Reconciles every organization that is due, and seals what was found right. Scheduled; any number at once. */
export function handler(_event: unknown, invocation: Invocation): Promise<TickReport> {
  return withConnection(
    (jobs) => reconcileDue(jobs, { remainingMs: () => invocation.getRemainingTimeInMillis() }),
    'jobs',
  );
}
