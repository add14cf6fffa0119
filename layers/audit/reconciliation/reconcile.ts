import type pg from 'pg';
import { drawBoundary } from '../seals/boundary.ts';
import type { Discrepancy } from './discrepancy.ts';
import {
  defaultPolicy,
  dueAfterSeconds,
  type ReconciliationPolicy,
  retryAfterSeconds,
  rollingBuckets,
} from './policy.ts';
import { beginRun, giveBack, type Lease, type OpenRun, type RunKind, recordStep } from './runs/lease.ts';
import { readFindings, readTotals } from './runs/run-findings.ts';
import { settle } from './runs/settle.ts';
import { checkSeals } from './seal-check.ts';
import { type TriggerFault, triggerFaults } from './triggers.ts';
import { isShort, type TimeLeft, walk } from './walk.ts';

/** What a run came to. */
export interface RunReport {
  readonly orgId: string;
  readonly runId: string;
  readonly kind: RunKind;
  /** False: the time was over, and the next lease goes on. The rest is then what there is by now. */
  readonly finished: boolean;
  readonly keysChecked: number;
  readonly movementsRead: number;
  /** Keys that differed. */
  readonly found: number;
  readonly corrected: number;
  readonly alerted: number;
  readonly lagSeconds: number | undefined;
  readonly triggerFaults: readonly TriggerFault[];
  readonly discrepancies: readonly Discrepancy[];
  /** Everything was right, and so may be sealed. */
  readonly clean: boolean;
}

export interface ReconcileOptions {
  readonly kind: RunKind;
  readonly time: TimeLeft;
  readonly policy?: ReconciliationPolicy;
  /** When it comes, the step at work is finished and the run is left for the next lease. */
  readonly signal?: AbortSignal | undefined;
  /** Is told what a run leaves to people, before it is finished: when that fails, so does the run, and it is told again. */
  readonly onAlert?: (report: RunReport) => Promise<void>;
}

/**
 * Compares the balances of an organization with their history, puts right what the policy allows and leaves the rest as it
 * is. `jobs` is a connection as stockade_jobs. The lease is given back in any case.
 * @throws whatever went wrong; the run is then failed, or goes on with the next lease when the connection was lost
 */
export async function reconcileOrganization(
  jobs: pg.ClientBase,
  lease: Lease,
  options: ReconcileOptions,
): Promise<RunReport> {
  try {
    const run = await beginRun(jobs, lease, options.kind);
    return await work(jobs, lease, run, options);
  } catch (error) {
    await giveBack(jobs, lease, {
      status: 'failed',
      error: (error as Error).message.slice(0, 1_000),
      dueInSeconds: retryAfterSeconds,
    }).catch(() => {});
    throw error;
  }
}

async function work(
  jobs: pg.ClientBase,
  lease: Lease,
  run: OpenRun,
  { kind, time, policy = defaultPolicy, signal, onAlert }: ReconcileOptions,
): Promise<RunReport> {
  const faults = await triggerFaults(jobs);
  const goOnLater = async () => {
    await giveBack(jobs, lease, {});
    return await report(jobs, lease, run, kind, faults);
  };
  // So that what is compared below is compared for good. When writers leave no instant for it, an older one will do.
  if (!run.checkpoint) await drawBoundary(jobs, lease.orgId, { signal });
  if (!(await walk(jobs, lease, kind, run, time, signal)) || isShort(time)) return await goOnLater();
  await recordStep(jobs, lease, {
    triggerFaults: faults,
    // Once: a run that goes on from here has them already.
    sealFindings: run.checkpoint?.step === 'settle' ? [] : await checkSeals(jobs, lease.orgId),
    checkpoint: { step: 'settle', afterItem: null, movementsPerStep: 0 },
  });
  if (!(await settle(jobs, lease, run, { faults, policy, time }))) return await goOnLater();
  const settled = await report(jobs, lease, run, kind, faults);
  if (settled.alerted > 0) await onAlert?.({ ...settled, finished: true });
  await giveBack(jobs, lease, {
    status: 'finished',
    lagSeconds: settled.lagSeconds,
    dueInSeconds: dueAfterSeconds,
    ...(kind === 'daily' && run.bucket !== null ? { nextBucket: (run.bucket + 1) % rollingBuckets } : {}),
  });
  return { ...settled, finished: true, clean: settled.discrepancies.length === 0 && faults.length === 0 };
}

/** What is written down of the run by now. */
async function report(
  jobs: pg.ClientBase,
  lease: Lease,
  run: OpenRun,
  kind: RunKind,
  faults: readonly TriggerFault[],
): Promise<RunReport> {
  const figures = await readTotals(jobs, lease.orgId, run.id);
  const discrepancies = await readFindings(jobs, lease.orgId, run.id);
  const having = (action: string) => discrepancies.filter((each) => each.action === action).length;
  return {
    orgId: lease.orgId,
    runId: run.id,
    kind,
    finished: false,
    ...figures,
    corrected: having('corrected'),
    alerted: having('alerted'),
    triggerFaults: faults,
    discrepancies,
    clean: false,
  };
}
