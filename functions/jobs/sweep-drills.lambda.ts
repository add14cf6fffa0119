import { log } from '#platform/log.ts';
import { sweepDrills } from '#recovery/drill/sweep.ts';
import { recoveryPolicy } from '#recovery/policy.ts';

/** Deletes instances that drills did not delete. It shares only names with the drill: one bug cannot stop both. */
export async function handler(): Promise<readonly string[]> {
  const swept = await sweepDrills(recoveryPolicy);
  if (swept.length > 0) log.warn('deleted instances that drills had not deleted', { swept });
  return swept;
}
