import type pg from 'pg';
import { inOrganizationAsJob } from '#tenancy/job-transaction.ts';
import { drawBoundary } from '../seals/boundary.ts';
import type { Discrepancy } from './discrepancy.ts';
import { type Explained, explain } from './explain.ts';
import { beginRun, giveBack, type Lease, type OpenRun, type RunKind, recordStep } from './lease.ts';
import {
  defaultPolicy,
  dueAfterSeconds,
  type ReconciliationPolicy,
  retryAfterSeconds,
  rollingBuckets,
} from './policy.ts';
import { correctBalance, readFindings, settleFindings } from './run-findings.ts';
import { checkSeals } from './seal-check.ts';
import { type TriggerFault, triggerFaults } from './triggers.ts';
import { type TimeLeft, walk } from './walk.ts';

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
  const run = await beginRun(jobs, lease, options.kind);
  try {
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
  // So that what is compared below is compared for good. When writers leave no instant for it, an older one will do.
  if (!run.checkpoint) await drawBoundary(jobs, lease.orgId, { signal });
  if (!(await walk(jobs, lease, kind, run, time, signal))) {
    await giveBack(jobs, lease, {});
    return await report(jobs, lease, run, kind, faults);
  }
  await recordStep(jobs, lease, {
    triggerFaults: faults,
    // Once: a run that goes on from here has them already.
    sealFindings: run.checkpoint?.step === 'settle' ? [] : await checkSeals(jobs, lease.orgId),
    checkpoint: { step: 'settle', afterItem: null, movementsPerStep: 0 },
  });
  await settle(jobs, lease, run, faults, policy);
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

/** Settles everything that the run has found. What a run that was killed has settled stays settled. */
async function settle(
  jobs: pg.ClientBase,
  lease: Lease,
  run: OpenRun,
  faults: readonly TriggerFault[],
  policy: ReconciliationPolicy,
): Promise<void> {
  const all = await readFindings(jobs, lease.orgId, run.id, 'found');
  const open = all.filter(({ item }) => item !== '');
  const ofSeals = all.filter(({ item }) => item === '');
  await settleFindings(
    jobs,
    lease,
    ofSeals.map(({ number }) => ({ number, action: 'alerted' })),
  );
  if (open.length === 0) return;
  const { found } = await totals(jobs, lease.orgId, run.id);
  const explained = await explain(jobs, lease.orgId, open, {
    found,
    comparedThrough: run.comparedThrough,
    triggerFaults: faults,
    policy,
  });
  // Causes first: after a correction nobody could tell them any more.
  await settleFindings(
    jobs,
    lease,
    explained.map(({ number, cause, detail, decision }) => ({
      number,
      cause,
      detail: decision.do === 'alert' ? { ...detail, leftBecause: decision.because } : detail,
      action: decision.do === 'alert' ? 'alerted' : decision.do === 'nothing' ? 'gone' : 'found',
    })),
  );
  for (const each of explained.filter(({ decision }) => decision.do === 'correct')) {
    await correct(jobs, lease, run, each);
  }
}

async function correct(
  jobs: pg.ClientBase,
  lease: Lease,
  run: OpenRun,
  { number }: Explained,
): Promise<void> {
  const leave = (leftBecause: string) =>
    settleFindings(jobs, lease, [{ number, detail: { leftBecause }, action: 'alerted' }]);
  try {
    const outcome = await correctBalance(jobs, lease.orgId, run.id, number, 'corrected');
    if (outcome === 'recurring') await leave('corrected before');
    if (outcome === 'changed') await leave('changed meanwhile');
  } catch (error) {
    // A balance that cannot be written, because its item is gone for instance, is for people to look at.
    await leave(`it could not be corrected: ${(error as Error).message}`);
  }
}

/** What is written down of the run by now. */
async function report(
  jobs: pg.ClientBase,
  lease: Lease,
  run: OpenRun,
  kind: RunKind,
  faults: readonly TriggerFault[],
): Promise<RunReport> {
  const figures = await totals(jobs, lease.orgId, run.id);
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

async function totals(jobs: pg.ClientBase, orgId: string, runId: string) {
  const [row] = await inOrganizationAsJob<{
    keysChecked: number;
    movementsRead: number;
    found: number;
    lagSeconds: number | null;
  }>(jobs, orgId, 'read', {
    text: `select r.keys_checked::float8 as "keysChecked", r.movements_read::float8 as "movementsRead", r.found::float8 as found,
        greatest(0, extract(epoch from (
          (select e.recorded_at from inventory.entries e where e.org_id = $1 order by e.id desc limit 1)
          - (select e.recorded_at from inventory.entries e where e.org_id = $1 and e.id = r.newest_entry)
        )))::float8 as "lagSeconds"
      from inventory.reconciliation_runs r
      where r.org_id = $1 and r.id = $2`,
    values: [orgId, runId],
  });
  if (!row) throw new Error(`the run ${runId} is gone`);
  return { ...row, lagSeconds: row.lagSeconds ?? undefined };
}
