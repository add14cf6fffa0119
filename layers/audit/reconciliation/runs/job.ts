import type pg from 'pg';
import { publishAlert } from '#platform/alerts.ts';
import { log } from '#platform/log.ts';
import { measure } from '#platform/metrics.ts';
import { inOrganizationAsJob } from '#tenancy/job-transaction.ts';
import { isErased } from '#tenancy/jobs.ts';
import type { Anchoring } from '../../seals/anchor.ts';
import { sealOrganization } from '../../seals/seal-organization.ts';
import { type RunReport, reconcileOrganization } from '../reconcile.ts';
import { reserveMs, type TimeLeft } from '../walk.ts';
import { anchorAlert, type Failure } from './alert.ts';
import { giveBack, type Lease, takeLease } from './lease.ts';
import { tellDiscrepancies, tellFailures, tellTriggerFaults } from './tell.ts';

/** What one tick of the daily job did. */
export interface TickReport {
  readonly organizations: number;
  readonly failed: number;
  readonly keysChecked: number;
  readonly corrected: number;
  readonly alerted: number;
  readonly sealed: number;
  /** Nobody was due any more; else the time was over, and the next tick goes on. */
  readonly caughtUp: boolean;
}

/**
 * Reconciles the organizations that are due, the one that waits longest first, until none is left or the time gets short.
 * Whatever ends it, at any moment: the next tick goes on, and several at once never take the same organization.
 * `jobs` is a connection as stockade_jobs.
 */
export async function reconcileDue(jobs: pg.ClientBase, time: TimeLeft): Promise<TickReport> {
  const startedAtMs = performance.now();
  await tellTriggerFaults(jobs);
  // Of ticks that did not come to their end. When nobody can be told now, this one tries again in the end.
  await tellFailures(jobs).catch((error) => log.warn('failures could not be told yet', { error }));

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
        // A bucket that does not answer will; what refuses an anchor does so until somebody looks at it.
        if (anchoring.failure && anchoring.failure.code !== 'unavailable') {
          unanchored.push({ slug: await slugOf(jobs, lease.orgId), error: anchoring.failure.message });
        }
      }
      // Out of time within an organization: what is left is not enough for the next one either.
      if (!report.finished) break;
    } catch (error) {
      // A connection that is lost is lost for the next one too.
      await jobs.query('select');
      if (isErased(error)) {
        // Nothing of it can be wrong.
        log.info('an organization was erased while it was reconciled', { organizationId: lease.orgId });
        continue;
      }
      tick.failed += 1;
      log.error('an organization could not be reconciled', { organizationId: lease.orgId, error });
    }
  }
  await tellFailures(jobs);
  if (unanchored.length > 0) await publishAlert(anchorAlert(unanchored));

  measure('KeysChecked', tick.keysChecked);
  measure('BalancesCorrected', tick.corrected);
  measure('DiscrepanciesAlerted', tick.alerted);
  measure('ReconciliationFailures', tick.failed);
  measure('ReconciliationLagSeconds', await lagSeconds(jobs));
  measure('ReconciliationDurationMs', performance.now() - startedAtMs);
  // Last, so that a tick that does not come to its end is as silent as none.
  measure('ReconciliationHeartbeat', 1);
  return { ...tick, caughtUp };
}

function reconcileOne(jobs: pg.ClientBase, lease: Lease, time: TimeLeft): Promise<RunReport> {
  return reconcileOrganization(jobs, lease, {
    kind: 'daily',
    time,
    onAlert: async (report) => {
      const slug = await slugOf(jobs, lease.orgId);
      await tellDiscrepancies(jobs, { id: lease.orgId, slug }, report);
    },
  });
}

/**
 * Seals what was just found right, for as long as there is time. When it cannot be done now, the next clean run does it;
 * when the time was over, that is due at once.
 */
async function seal(
  jobs: pg.ClientBase,
  orgId: string,
  time: TimeLeft,
): Promise<{ seals: number; anchoring: Anchoring }> {
  const leftMs = Math.max(0, time.remainingMs() - reserveMs);
  const signal = Number.isFinite(leftMs) ? AbortSignal.timeout(leftMs) : undefined;
  const { seals, reason, anchoring } = await sealOrganization(jobs, orgId, { signal });
  if (anchoring.failure) {
    log.warn('seals could not be anchored yet', { organizationId: orgId, ...anchoring.failure });
  } else if (reason === 'busy')
    log.info('writers left no instant to draw a boundary', { organizationId: orgId });
  if (signal?.aborted) {
    const lease = await takeLease(jobs, orgId);
    if (lease) await giveBack(jobs, lease, {});
  }
  return { seals: seals.length, anchoring };
}

/** How long ago everything was right in the organization of which that is the longest ago. */
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
