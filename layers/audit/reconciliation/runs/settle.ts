import type pg from 'pg';
import { isOutOfTime } from '#platform/postgres/statement-deadline.ts';
import { type ExplainedDifference, explain } from '../causes/explain.ts';
import type { Discrepancy } from '../discrepancy.ts';
import type { ReconciliationPolicy } from '../policy.ts';
import type { TriggerFault } from '../triggers.ts';
import { endOf, isShort, type TimeLeft } from '../walk.ts';
import type { Lease, OpenRun } from './lease.ts';
import { correctBalance, readDiscrepancies, readTotals, settleDiscrepancies } from './run-discrepancies.ts';

/** What settling depends on. */
export interface SettleOptions {
  readonly faults: readonly TriggerFault[];
  readonly policy: ReconciliationPolicy;
  readonly time: TimeLeft;
}

/**
 * Settles all discrepancies of the run. Returns whether it finished. If not, the next lease settles the rest: settled
 * discrepancies stay settled.
 */
export async function settle(
  jobs: pg.ClientBase,
  lease: Lease,
  run: OpenRun,
  { faults, policy, time }: SettleOptions,
): Promise<boolean> {
  const all = await readDiscrepancies(jobs, lease.orgId, run.id, 'found');
  const open = all.filter(({ item }) => item !== '');
  const ofSeals = all.filter(({ item }) => item === '');
  await settleDiscrepancies(
    jobs,
    lease,
    ofSeals.map(({ number }) => ({ number, action: 'alerted' })),
  );
  if (open.length === 0) return true;
  if (isShort(time)) return false;
  const explained = await explainInTime(jobs, lease, run, open, { faults, policy, time });
  if (!explained) return false;
  // Record the causes first: after a correction nobody could determine them any more.
  await settleDiscrepancies(
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
 * Explains the discrepancies. Returns undefined when the time is over: the next tick has more time, because it only
 * settles. If that tick runs out of time too, the cause is unknown, and the alert says so.
 */
async function explainInTime(
  jobs: pg.ClientBase,
  { orgId }: Lease,
  run: OpenRun,
  open: readonly Discrepancy[],
  { faults, policy, time }: SettleOptions,
): Promise<readonly ExplainedDifference[] | undefined> {
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
      detail: { notExamined: 'there was not enough time to read its history' },
      decision: { do: 'alert', because: 'unexplained' },
    }));
  }
}

async function correct(
  jobs: pg.ClientBase,
  lease: Lease,
  run: OpenRun,
  { number }: ExplainedDifference,
): Promise<void> {
  const leave = (leftBecause: string) =>
    settleDiscrepancies(jobs, lease, [{ number, detail: { leftBecause }, action: 'alerted' }]);
  try {
    const outcome = await correctBalance(jobs, lease.orgId, run.id, number, 'corrected');
    if (outcome === 'recurring') await leave('corrected before');
    if (outcome === 'changed') await leave('changed meanwhile');
  } catch (error) {
    // The balance cannot be written, for example because its item no longer exists. Leave it to people.
    await leave(`the correction failed: ${(error as Error).message}`);
  }
}
