import type pg from 'pg';
import { publishAlert } from '#platform/aws/alerts.ts';
import { log } from '#platform/log.ts';
import { measure } from '#platform/metrics.ts';
import { isOutage } from '#platform/postgres/sqlstate.ts';
import { inOrganizationAsJob } from '#tenancy/job-transaction.ts';
import { isErased } from '#tenancy/jobs.ts';
import type { Anchoring } from '../../seals/anchor.ts';
import { sealOrganization } from '../../seals/seal-organization.ts';
import { type RunReport, reconcileOrganization } from '../reconcile.ts';
import { reserveMs, type TimeLeft } from '../walk.ts';
import { anchorAlert, type Failure } from './alert.ts';
import { giveBack, type Lease, takeLease } from './lease.ts';
import { sendDiscrepancyAlert, sendFailureAlert, sendTriggerAlert } from './send-alerts.ts';

/** The result of one tick of the daily job. */
export interface TickReport {
  readonly organizations: number;
  readonly failed: number;
  readonly keysChecked: number;
  readonly corrected: number;
  readonly alerted: number;
  readonly sealed: number;
  /** True when no organization was due any more. False when the time was over: the next tick continues. */
  readonly caughtUp: boolean;
}

/**
 * Reconciles the organizations that are due, the longest waiting first, until none is left or the time is nearly over.
 * If it is stopped at any moment, the next tick continues. Several ticks at once never take the same organization.
 * `jobs` is a connection as stockade_jobs.
 */
export async function reconcileDue(jobs: pg.ClientBase, time: TimeLeft): Promise<TickReport> {
  const startedAtMs = performance.now();
  await sendTriggerAlert(jobs);
  // Failures of ticks that did not finish. If the alert cannot be sent now, it is sent at the end of this tick.
  await sendFailureAlert(jobs).catch((error) =>
    log.warn('the alert about failures could not be sent yet', { error }),
  );

  const tick = { organizations: 0, failed: 0, keysChecked: 0, corrected: 0, alerted: 0, sealed: 0 };
  const unanchored: Failure[] = [];
  let caughtUp = false;
  while (time.remainingMs() > reserveMs * 2) {
    const lease = await takeLease(jobs);
    if (!lease) {
      caughtUp = true;
      break;
    }
    tick.organizations += 1;
    try {
      const report = await reconcileOne(jobs, lease, time);
      tick.keysChecked += report.keysChecked;
      tick.corrected += report.corrected;
      tick.alerted += report.alerted;
      if (report.clean) {
        const { seals, anchoring } = await seal(jobs, lease.orgId, time);
        tick.sealed += seals;
        // A bucket that does not answer will answer later. A bucket that refuses an anchor needs a person.
        if (anchoring.failure && anchoring.failure.code !== 'unavailable') {
          unanchored.push({ slug: await slugOf(jobs, lease.orgId), error: anchoring.failure.message });
        }
      }
      // The time ended within an organization: it is too short for the next one too.
      if (!report.finished) break;
    } catch (error) {
      // A lost connection or a full disk would stop the next organization too.
      if (isOutage(error)) throw error;
      await jobs.query('select');
      if (isErased(error)) {
        // The organization does not exist any more, so it has no discrepancies.
        log.info('an organization was erased while it was reconciled', { organizationId: lease.orgId });
        continue;
      }
      tick.failed += 1;
      log.error('an organization could not be reconciled', { organizationId: lease.orgId, error });
    }
  }
  await sendFailureAlert(jobs);
  if (unanchored.length > 0) await publishAlert(anchorAlert(unanchored));

  measure('KeysChecked', tick.keysChecked);
  measure('BalancesCorrected', tick.corrected);
  measure('DiscrepanciesAlerted', tick.alerted);
  measure('ReconciliationFailures', tick.failed);
  measure('ReconciliationLagSeconds', await lagSeconds(jobs));
  measure('ReconciliationDurationMs', performance.now() - startedAtMs);
  // Last, so that a tick that does not finish sends no heartbeat.
  measure('ReconciliationHeartbeat', 1);
  return { ...tick, caughtUp };
}

function reconcileOne(jobs: pg.ClientBase, lease: Lease, time: TimeLeft): Promise<RunReport> {
  return reconcileOrganization(jobs, lease, {
    kind: 'daily',
    time,
    onAlert: async (report) => {
      const slug = await slugOf(jobs, lease.orgId);
      await sendDiscrepancyAlert(jobs, { id: lease.orgId, slug }, report);
    },
  });
}

/**
 * Seals the history that was just found right, as long as there is time. If it fails, the next clean run seals it. If the
 * time is over, the organization becomes due again at once.
 */
async function seal(
  jobs: pg.ClientBase,
  orgId: string,
  time: TimeLeft,
): Promise<{ seals: number; anchoring: Anchoring }> {
  const signal = endOf(time);
  const { seals, reason, anchoring } = await sealOrganization(jobs, orgId, { signal });
  if (anchoring.failure) {
    log.warn('seals could not be anchored yet', { organizationId: orgId, failure: anchoring.failure });
  } else if (reason === 'busy')
    log.info('writers were too busy to draw a boundary', { organizationId: orgId });
  if (signal?.aborted) {
    const lease = await takeLease(jobs, orgId);
    if (lease) await giveBack(jobs, lease, {});
  }
  return { seals: seals.length, anchoring };
}

/** Aborts when the time is over. Without a limit there is none. */
function endOf(time: TimeLeft): AbortSignal | undefined {
  const leftMs = time.remainingMs() - reserveMs;
  // A timeout of no time at all fires only after what is ready already: a whole seal can come before it.
  if (leftMs <= 0) return AbortSignal.abort();
  return Number.isFinite(leftMs) ? AbortSignal.timeout(leftMs) : undefined;
}

/** The time since everything was right, for the organization where that is longest ago. */
async function lagSeconds(jobs: pg.ClientBase): Promise<number> {
  const { rows } = await jobs.query<{ seconds: number }>(
    'select inventory.reconciliation_lag()::float8 as seconds',
  );
  return rows[0]?.seconds ?? 0;
}

async function slugOf(jobs: pg.ClientBase, orgId: string): Promise<string> {
  try {
    const [organization] = await inOrganizationAsJob<{ slug: string }>(jobs, orgId, 'read', {
      text: 'select slug from tenancy.organizations where id = $1',
      values: [orgId],
    });
    return organization?.slug ?? orgId;
  } catch {
    return orgId;
  }
}
