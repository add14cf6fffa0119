import type { Context } from 'aws-lambda';
import { job } from '#platform/job.ts';
import { log } from '#platform/log.ts';
import { carryOnDrills } from '#recovery/drill/function.ts';
import { waitText } from '#recovery/drill/wait.ts';

/** The state of the drill after this tick. */
interface Ticked {
  readonly drill: string | undefined;
  readonly passed: boolean | undefined;
  /** In words, for the log. */
  readonly waitsFor: string | undefined;
}

/**
 * Restores and proves a backup once a week, tick by tick: the schedule and every event of RDS call it. Only one tick runs
 * at a time: of two, one would change the master password that the other uses.
 */
export const handler = job(async (_event: unknown, context: Context): Promise<Ticked> => {
  const state = await carryOnDrills({ remainingMs: () => context.getRemainingTimeInMillis() });
  const ticked = {
    drill: state?.drill.id,
    passed: state?.drill.verdict?.passed,
    waitsFor: state?.waitsFor && waitText(state.waitsFor),
  };
  log.info('ticked a drill', ticked);
  return ticked;
});
