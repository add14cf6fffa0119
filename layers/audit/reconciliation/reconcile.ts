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
import { readDiscrepancies, readTotals } from './runs/run-discrepancies.ts';
import { settle } from './runs/settle.ts';
import { checkSeals } from './seal-check.ts';
import { type TriggerFault, triggerFaults } from './triggers.ts';
import { checkValues } from './value-check.ts';
import { isShort, type TimeLeft, walk } from './walk.ts';

/** The result of a run. */
export interface RunReport {
  readonly orgId: string;
  readonly runId: string;
  readonly kind: RunKind;
  /** False when the time was over: the next lease continues the run. The other fields then contain the results so far. */
  readonly finished: boolean;
  readonly keysChecked: number;
  readonly movementsRead: number;
  /** The number of differences. */
  readonly found: number;
  readonly corrected: number;
  readonly alerted: number;
  readonly lagSeconds: number | undefined;
  readonly triggerFaults: readonly TriggerFault[];
  readonly discrepancies: readonly Discrepancy[];
  /** Everything was right, so the history may be sealed. */
  readonly clean: boolean;
}

export interface ReconcileOptions {
  readonly kind: RunKind;
  readonly time: TimeLeft;
  readonly policy?: ReconciliationPolicy;
  /** Stops the run after the current step. The next lease continues it. */
  readonly signal?: AbortSignal | undefined;
  /** Receives what the run leaves to people, before the run is finished. If it fails, the run fails too, and is repeated. */
  readonly onAlert?: (report: RunReport) => Promise<void>;
}

/**
 * Compares the balances of an organization with their history, corrects what the policy allows, and leaves the rest
 * unchanged. `jobs` is a connection as stockade_jobs. The lease is always given back.
 * @throws the error of the run; the run has then failed, or, if the connection was lost, the next lease continues it
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
  // Draw a boundary first: the comparison is then final up to it. If writers leave no instant for it, an older one is enough.
  if (!run.checkpoint) await drawBoundary(jobs, lease.orgId, { signal });
  if (!(await walk(jobs, lease, kind, run, time, signal)) || isShort(time)) return await goOnLater();
  await recordStep(jobs, lease, {
    triggerFaults: faults,
    // Only once: a run that is continued has recorded them already.
    sealFindings:
      run.checkpoint?.step === 'settle'
        ? []
        : [...(await checkSeals(jobs, lease.orgId)), ...(await checkValues(jobs, lease.orgId))],
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

/** The recorded state of the run. */
async function report(
  jobs: pg.ClientBase,
  lease: Lease,
  run: OpenRun,
  kind: RunKind,
  faults: readonly TriggerFault[],
): Promise<RunReport> {
  const figures = await readTotals(jobs, lease.orgId, run.id);
  const discrepancies = await readDiscrepancies(jobs, lease.orgId, run.id);
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
