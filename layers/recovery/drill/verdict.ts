import { AwsRefused } from '#platform/aws/call.ts';
import { RecoveryRefused } from '../recovery-refused.ts';
import type { DrillVerdict } from './record-shape.ts';
import { type DrillRecord, recordMilestone } from './records.ts';

/** Records how a drill ended. The next tick deletes its instance. */
export async function judge(
  drill: DrillRecord,
  verdict: DrillVerdict,
  now: Date = new Date(),
): Promise<undefined> {
  await recordMilestone(drill.id, drill.requestedAt, 'verdict', verdict, now);
}

/** Records that a drill has reached a milestone. */
export async function recordReached(
  drill: DrillRecord,
  milestone: 'available' | 'queryable' | 'torn-down',
): Promise<undefined> {
  await recordMilestone(drill.id, drill.requestedAt, milestone, {}, new Date());
}

/** The verdict of a drill that did not pass. */
export function failed(summary: string): DrillVerdict {
  return { passed: false, summary };
}

/** Whether another attempt would fail the same way. */
export function isFinal(error: unknown): boolean {
  return error instanceof AwsRefused || error instanceof RecoveryRefused;
}
