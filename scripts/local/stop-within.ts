import { setTimeout as delay } from 'node:timers/promises';

export interface StopPatience {
  /** For all steps but the last. */
  readonly wholeMs: number;
  /** From the moment on when the database has ended. */
  readonly withoutDatabaseMs: number;
}

/**
 * Takes the steps of a shutdown, the last one first. When the time is over, it no longer waits for a step, and begins the
 * next one. The step that was added first stops the database, has a limit of its own, and is always waited for.
 * It takes the steps out of the list, so that a second call has nothing to do.
 */
export async function stopWithin(
  steps: (() => Promise<void>)[],
  { wholeMs, withoutDatabaseMs }: StopPatience,
  databaseEnded: Promise<void> = new Promise(() => {}),
): Promise<void> {
  const [last, ...others] = steps.splice(0);
  const given = new AbortController();
  const wait = (ms: number) => delay(ms, undefined, { signal: given.signal }).catch(() => {});
  const over = Promise.race([wait(wholeMs), databaseEnded.then(() => wait(withoutDatabaseMs))]);
  let failure: { readonly error: unknown } | undefined;
  const take = (step: () => Promise<void>) =>
    step().catch((error: unknown) => {
      failure ??= { error };
    });
  for (const step of others.reverse()) await Promise.race([take(step), over]);
  given.abort();
  if (last) await take(last);
  if (failure) throw failure.error;
}
