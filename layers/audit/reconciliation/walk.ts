import type pg from 'pg';
import { isOutOfTime } from '#platform/postgres/statement-deadline.ts';
import {
  type Comparison,
  compareHistory,
  compareSince,
  drawnBoundary,
  endOfRange,
  lastRunKeptAll,
  lastSeal,
  newestEntry,
} from './compare.ts';
import { type Checkpoint, type Lease, type OpenRun, type RunKind, recordStep } from './runs/lease.ts';
import { inSnapshot, type Snapshot } from './snapshot.ts';

/** How much time there is. Lambda knows; a command has all there is. */
export interface TimeLeft {
  remainingMs(): number;
}

/** With less time than this nothing is begun: what is under way must still be written down. */
export const reserveMs = 10_000;

/** Whether there is not enough time left to begin anything. */
export function isShort(time: TimeLeft): boolean {
  return time.remainingMs() < reserveMs;
}

/** When what is begun now must have ended, as `performance.now()` counts, so that it can still be written down. */
export function endOf(time: TimeLeft): number {
  return performance.now() + time.remainingMs() - reserveMs / 2;
}

/** About how many movements one statement reads: seconds of work, so that little is lost when it is interrupted. */
export const movementsPerStep = 5_000_000;
const fewestMovementsPerStep = 1_000;

/**
 * Compares everything that a run is to compare, step by step, each in one snapshot and written down with how far it has
 * come. Answers whether it came to the end; if not, the next lease goes on behind the last step.
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
    step: kind === 'full' ? 'history' : 'recent',
    afterItem: null,
    movementsPerStep,
  };
  while (checkpoint.step === 'recent' || checkpoint.step === 'history') {
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
      // It did not end in the time there was: the next one reads less.
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
  // Before a first run has found everything right, and a seal has said so, there is nothing to go on from.
  const base =
    seal && run.comparedThrough && (await lastRunKeptAll(snapshot, orgId))
      ? { entry: run.comparedThrough, seal }
      : undefined;
  if (at.step === 'recent') {
    const next: Checkpoint = { ...at, step: 'history' };
    if (!base) return { ...seen, checkpoint: next };
    return { ...seen, ...counted(await compareSince(snapshot, orgId, base)), checkpoint: next };
  }
  const bucket = kind === 'daily' && base ? run.bucket : null;
  const through = await endOfRange(snapshot, orgId, { after: at.afterItem, bucket }, at.movementsPerStep);
  const compared = await compareHistory(
    snapshot,
    orgId,
    { after: at.afterItem, through, bucket, runId: run.id },
    seal,
  );
  const next: Checkpoint = through === null ? { ...at, step: 'seals' } : { ...at, afterItem: through };
  return { ...seen, ...counted(compared), checkpoint: next };
}

function counted({ keys, movements, found, differences }: Comparison) {
  return { keys, movements, found, differences };
}
