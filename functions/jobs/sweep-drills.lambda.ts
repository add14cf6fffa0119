import { job } from '#platform/job.ts';
import { log } from '#platform/log.ts';
import { sweepDrills } from '#recovery/drill/sweep.ts';
import { recoveryPolicy } from '#recovery/policy.ts';

/** Deletes leftover drill instances. It shares only the names with the drill, so a failure of drills cannot stop it. */
export const handler = job(async (): Promise<readonly string[]> => {
  const swept = await sweepDrills(recoveryPolicy);
  if (swept.length > 0) log.warn('deleted leftover drill instances', { swept });
  return swept;
});
