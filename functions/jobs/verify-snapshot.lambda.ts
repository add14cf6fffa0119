import type { Context } from 'aws-lambda';
import { log } from '#platform/log.ts';
import { carryOnDrills } from '#recovery/drill/function.ts';
import { waitText } from '#recovery/drill/wait.ts';

/** Where the drill is after this tick. */
interface Ticked {
  readonly drill?: string;
  readonly passed?: boolean | undefined;
  /** In words, for the log. */
  readonly waitsFor?: string | undefined;
}

/**
 * Restores and proves a backup once a week, tick by tick: the schedule and every event of RDS call it. Only one runs at a
 * time: a second one would change the password that the first one uses.
 */
export async function handler(_event: unknown, context: Context): Promise<Ticked> {
  const state = await carryOnDrills({ remainingMs: () => context.getRemainingTimeInMillis() });
  if (!state) return {};
  const { drill, waitsFor } = state;
  const ticked = { drill: drill.id, passed: drill.verdict?.passed, waitsFor: waitsFor && waitText(waitsFor) };
  log.info('ticked a drill', ticked);
  return ticked;
}
