import { log } from '#platform/log.ts';
import { sweepDrills } from '#recovery/drill/sweep.ts';
import { recoveryPolicy } from '#recovery/policy.ts';

/** Deletes the instances that drills have left behind. It shares nothing with the drill but the names. */
export async function handler(): Promise<readonly string[]> {
  const swept = await sweepDrills(recoveryPolicy);
  if (swept.length > 0) log.warn('instances of drills were left behind', { swept });
  return swept;
}
