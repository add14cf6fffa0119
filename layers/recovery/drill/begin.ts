import { Unavailable } from '#platform/errors.ts';
import { ageOf } from '../policy.ts';
import { describeDrillInstances, drillPrefix } from '../rds/rds.ts';
import { RecoveryRefused } from '../recovery-refused.ts';
import { type DrillWish, planDrill } from './plan.ts';
import { type DrillRecord, newestDrill, nextDrillId, recordMilestone } from './records.ts';
import type { DrillSurroundings } from './surroundings.ts';
import { failed, isFinal } from './verdict.ts';

/**
 * Begins a drill and returns its record. While another drill is under way, it begins none and returns that one.
 * @throws RecoveryRefused while an instance of another drill exists, because each costs money
 * @throws RecoveryRefused when the snapshot or time that you name cannot be restored
 */
export async function beginDrill(
  around: DrillSurroundings,
  wish: DrillWish,
  { keep = false, now = new Date() }: { keep?: boolean; now?: Date } = {},
): Promise<DrillRecord> {
  // Take the id before the look for a drill under way: runs that look at the same time take the same id, and one begins.
  const id = await nextDrillId();
  const newest = await newestDrill();
  if (newest && !newest.tornDownAt) return newest;
  const [left] = await describeDrillInstances();
  if (left) {
    throw new RecoveryRefused(
      `${left.DBInstanceIdentifier} of an earlier drill is still ${left.DBInstanceStatus}. Drills run one at a time.`,
      'Wait until the sweep deletes the instance at the end of its lifetime.',
    );
  }
  try {
    await recordMilestone(id, now, 'requested', await planDrill(id, around.source, wish, keep), now);
  } catch (error) {
    if (!isFinal(error)) throw error;
    // A mistyped snapshot or time does not show that backups are missing: no drill has failed, and nobody is paged.
    if (error instanceof RecoveryRefused && isNamed(wish)) throw error;
    // Without any backup to restore, the drill has failed in the worst way. Record it as a failed drill.
    const nothing = { kind: wish.kind, source: around.source, asOf: now.toISOString() } as const;
    await recordMilestone(id, now, 'requested', { ...nothing, instance: `${drillPrefix}${id}`, keep }, now);
    await recordMilestone(id, now, 'verdict', failed((error as Error).message), now);
  }
  const begun = await newestDrill();
  if (!begun) throw new Unavailable('The new drill has begun, but its record cannot be read: try again.');
  return begun;
}

function isNamed(wish: DrillWish): boolean {
  return (wish.kind === 'snapshot' ? wish.snapshot : wish.at) !== undefined;
}

/** The drill that is due: snapshots and points in time alternate. Undefined while the last drill is recent enough. */
export async function dueDrill(everyMs: number, now: Date = new Date()): Promise<DrillWish | undefined> {
  const newest = await newestDrill();
  // A drill whose request lies in the future counts as due: otherwise no drill would run until then.
  const ageMs = newest && ageOf(newest.requestedAt, now);
  if (ageMs !== undefined && ageMs < everyMs) return undefined;
  return { kind: newest?.request.kind === 'snapshot' ? 'point-in-time' : 'snapshot' };
}
