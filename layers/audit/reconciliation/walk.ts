import type pg from 'pg';
import { isOutOfTime } from '#platform/postgres/statement-deadline.ts';
import { compareBalances, compareMissing, mayMissBalances } from './compare-balances.ts';
import { compareHistory, endOfRange } from './compare-history.ts';
import type { Comparison } from './comparison.ts';
import { drawnBoundary, hasFound, lastRunKeptAll, lastSeal, newestEntry } from './marks.ts';
import { type Checkpoint, type Lease, type OpenRun, type RunKind, recordStep } from './runs/lease.ts';
import { inSnapshot, type Snapshot } from './snapshot.ts';

/** The time that is left. Lambda knows it. A command has no limit. */
export interface TimeLeft {
  remainingMs(): number;
}

/** With less time than this, no work is started: there must be time to record the current work. */
export const reserveMs = 10_000;

/** Whether the time is too short to start more work. */
export function isShort(time: TimeLeft): boolean {
  return time.remainingMs() < reserveMs;
}

/** When work that starts now must end, on the clock of `performance.now()`, so that it can still be recorded. */
export function endOf(time: TimeLeft): number {
  return performance.now() + time.remainingMs() - reserveMs / 2;
}

/** The approximate number of movements that one statement reads: seconds of work, so that an interruption loses little. */
export const movementsPerStep = 5_000_000;
const fewestMovementsPerStep = 1_000;

/**
 * Compares all balances of the run, step by step. Each step reads one snapshot and records its progress. Returns whether it
 * finished. If not, the next lease continues after the last step.
 */
export async function walk(
  jobs: pg.ClientBase,
  lease: Lease,
  kind: RunKind,
  run: OpenRun,
  time: TimeLeft,
  signal?: AbortSignal,
): Promise<boolean> {
  let checkpoint: Checkpoint = run.checkpoint ?? {
    step: kind === 'full' ? 'history' : 'balances',
    afterItem: null,
    movementsPerStep,
  };
  while (checkpoint.step === 'balances' || checkpoint.step === 'history') {
    if (isShort(time) || signal?.aborted) return false;
    const endsAtMs = endOf(time);
    try {
      const current = checkpoint;
      const done = await inSnapshot(jobs, lease.orgId, { endsAtMs }, (snapshot) =>
        step(snapshot, lease.orgId, kind, run, current),
      );
      await recordStep(jobs, lease, done);
      checkpoint = done.checkpoint;
    } catch (error) {
      if (!isOutOfTime(error)) throw error;
      // The statement ran out of time: the next one reads less.
      const fewer = Math.max(fewestMovementsPerStep, Math.floor(checkpoint.movementsPerStep / 4));
      checkpoint = { ...checkpoint, movementsPerStep: fewer };
      await recordStep(jobs, lease, { checkpoint });
      return false;
    }
  }
  return true;
}

async function step(snapshot: Snapshot, orgId: string, kind: RunKind, run: OpenRun, at: Checkpoint) {
  const seal = await lastSeal(snapshot, orgId);
  const seen = {
    sealSeq: seal?.seq,
    newestEntry: await newestEntry(snapshot, orgId),
    boundary: await drawnBoundary(snapshot, orgId),
  };
  // Until a run has found everything right and it is sealed, there is nothing to continue from.
  const base = seal && run.comparedThrough && (await lastRunKeptAll(snapshot, orgId)) ? seal : undefined;
  const history: Checkpoint = { ...at, step: 'history', afterItem: null };
  if (at.step === 'balances') {
    if (!base) return { ...seen, checkpoint: history };
    const movements = at.movementsPerStep;
    const range = { after: at.afterItem, bucket: null };
    const through = await endOfRange(snapshot, orgId, range, { movements, of: 'balances' });
    const compared = await compareBalances(snapshot, orgId, { after: at.afterItem, through }, base);
    if (through !== null) return { ...seen, ...counted(compared), checkpoint: { ...at, afterItem: through } };
    const suspects =
      compared.found > 0 ||
      (await hasFound(snapshot, orgId, run)) ||
      (await mayMissBalances(snapshot, orgId, base));
    const missing = suspects ? [await compareMissing(snapshot, orgId, base)] : [];
    return { ...seen, ...counted(compared, ...missing), checkpoint: history };
  }
  const bucket = kind === 'daily' && base ? run.bucket : null;
  const through = await endOfRange(
    snapshot,
    orgId,
    { after: at.afterItem, bucket },
    { movements: at.movementsPerStep, of: 'history' },
  );
  const compared = await compareHistory(
    snapshot,
    orgId,
    { after: at.afterItem, through, bucket, runId: run.id },
    seal,
  );
  const next: Checkpoint = through === null ? { ...at, step: 'seals' } : { ...at, afterItem: through };
  // Each balance counts once: the balances of a bucket were compared before.
  return { ...seen, ...counted(compared), ...(bucket === null ? {} : { keys: 0 }), checkpoint: next };
}

function counted(...parts: readonly Comparison[]) {
  const total = (figure: 'keys' | 'movements' | 'found') =>
    parts.reduce((sum, part) => sum + part[figure], 0);
  return {
    keys: total('keys'),
    movements: total('movements'),
    found: total('found'),
    differences: parts.flatMap(({ differences }) => differences),
  };
}
