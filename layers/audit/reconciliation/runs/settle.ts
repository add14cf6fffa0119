import type pg from 'pg';
import { isOutOfTime } from '#platform/postgres/statement-deadline.ts';
import { type Explained, explain } from '../causes/explain.ts';
import type { Discrepancy } from '../discrepancy.ts';
import type { ReconciliationPolicy } from '../policy.ts';
import type { TriggerFault } from '../triggers.ts';
import { endOf, isShort, type TimeLeft } from '../walk.ts';
import type { Lease, OpenRun } from './lease.ts';
import { correctBalance, readFindings, readTotals, settleFindings } from './run-findings.ts';

/** What settling goes by. */
export interface SettleOptions {
  readonly faults: readonly TriggerFault[];
  readonly policy: ReconciliationPolicy;
  readonly time: TimeLeft;
}

/**
 * Settles everything that the run has found. Answers whether it came to the end; if not, the next lease settles the rest:
 * what is settled stays settled.
 */
export async function settle(
  jobs: pg.ClientBase,
  lease: Lease,
  run: OpenRun,
  { faults, policy, time }: SettleOptions,
): Promise<boolean> {
  const all = await readFindings(jobs, lease.orgId, run.id, 'found');
  const open = all.filter(({ item }) => item !== '');
  const ofSeals = all.filter(({ item }) => item === '');
  await settleFindings(
    jobs,
    lease,
    ofSeals.map(({ number }) => ({ number, action: 'alerted' })),
  );
  if (open.length === 0) return true;
  if (isShort(time)) return false;
  const explained = await explainInTime(jobs, lease, run, open, { faults, policy, time });
  if (!explained) return false;
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
    if (isShort(time)) return false;
    await correct(jobs, lease, run, each);
  }
  return true;
}

/**
 * Explains what was found. Undefined when the time is over: a tick that only settles has more. When that was not enough
 * either nobody knows why, and people are told so.
 */
async function explainInTime(
  jobs: pg.ClientBase,
  { orgId }: Lease,
  run: OpenRun,
  open: readonly Discrepancy[],
  { faults, policy, time }: SettleOptions,
): Promise<readonly Explained[] | undefined> {
  const { found } = await readTotals(jobs, orgId, run.id);
  try {
    return await explain(jobs, orgId, open, {
      found,
      comparedThrough: run.comparedThrough,
      triggerFaults: faults,
      policy,
      endsAtMs: endOf(time),
    });
  } catch (error) {
    if (!isOutOfTime(error)) throw error;
    if (run.checkpoint?.step !== 'settle') return undefined;
    return open.map((each) => ({
      ...each,
      cause: 'unknown',
      detail: { notExamined: 'there was no time to look at its history' },
      decision: { do: 'alert', because: 'unexplained' },
    }));
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
