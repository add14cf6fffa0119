import { Unavailable } from '#platform/errors.ts';
import { ageOf } from '../policy.ts';
import { describeDrillInstances, drillPrefix } from '../rds/rds.ts';
import { RecoveryRefused } from '../recovery-refused.ts';
import { type DrillWish, planDrill } from './plan.ts';
import { type DrillRecord, newestDrill, nextDrillId, recordStage } from './records.ts';
import type { DrillSurroundings } from './surroundings.ts';
import { failed, isFinal } from './verdict.ts';

/**
 * Asks for a drill and begins it, unless one is under way: then that one is answered, whatever it restores.
 * @throws RecoveryRefused while an instance of another drill is there: one costs money enough; and when there is no
 * snapshot, or point in time, of those that were named
 */
export async function beginDrill(
  around: DrillSurroundings,
  wish: DrillWish,
  { keep = false, now = new Date() }: { keep?: boolean; now?: Date } = {},
): Promise<DrillRecord> {
  // Before it is seen that none is under way: of those who see the same, all draw the same id, and one of them begins.
  const id = await nextDrillId();
  const newest = await newestDrill();
  if (newest && !newest.tornDownAt) return newest;
  const [left] = await describeDrillInstances();
  if (left) {
    throw new RecoveryRefused(
      `${left.DBInstanceIdentifier} of an earlier drill is still ${left.DBInstanceStatus}: one at a time. It is swept when its lifetime is over.`,
    );
  }
  try {
    await recordStage(id, now, 'requested', await planDrill(id, around.source, wish, keep), now);
  } catch (error) {
    if (!isFinal(error)) throw error;
    // Whoever has mistyped what to restore has not found that there is nothing: no drill failed, and nobody is paged.
    if (error instanceof RecoveryRefused && isNamed(wish)) throw error;
    // That there is nothing to restore is the worst outcome of a drill, and must be told as one.
    const nothing = { kind: wish.kind, source: around.source, asOf: now.toISOString() } as const;
    await recordStage(id, now, 'requested', { ...nothing, instance: `${drillPrefix}${id}`, keep }, now);
    await recordStage(id, now, 'verdict', failed((error as Error).message), now);
  }
  const begun = await newestDrill();
  if (!begun) throw new Unavailable('The drill that was begun is not written down: try again.');
  return begun;
}

function isNamed(wish: DrillWish): boolean {
  return (wish.kind === 'snapshot' ? wish.snapshot : wish.at) !== undefined;
}

/** The drill that is due by now: a snapshot and a point in time in turn. Undefined while the last one is recent enough. */
export async function dueDrill(everyMs: number, now: Date = new Date()): Promise<DrillWish | undefined> {
  const newest = await newestDrill();
  // Of a drill in the future nobody knows the age: by its time there would be none until then.
  const ageMs = newest && ageOf(newest.requestedAt, now);
  if (ageMs !== undefined && ageMs < everyMs) return undefined;
  return { kind: newest?.request.kind === 'snapshot' ? 'point-in-time' : 'snapshot' };
}
