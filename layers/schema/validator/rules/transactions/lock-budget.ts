import { blocksReads, blocksWrites } from '../../effects/lock-modes.ts';
import { effectsOnOthers } from '../../review.ts';
import type { Rule } from '../rule.ts';

/** Longer than that, and the requests that queue up after the wait time out. */
const mostMs = 5_000;

export const lockBudget: Rule = {
  name: 'lock-budget',
  title: 'A statement waits for a lock without a limit',
  check: (review) => {
    if (review.effects.waitsForOthers) return [];
    // Requests do not queue up after a weaker lock, and nobody writes to a materialized view.
    const locked = effectsOnOthers(review).find(({ lock, table }) =>
      review.schema.views.has(table) ? blocksReads(lock) : blocksWrites(lock),
    );
    const { lockTimeoutMs } = review;
    if (!locked || (lockTimeoutMs !== undefined && lockTimeoutMs > 0 && lockTimeoutMs <= mostMs)) return [];
    return [
      {
        object: locked.table,
        detail: lockTimeoutMs
          ? `it may wait ${lockTimeoutMs / 1000} s for its ${locked.lock} lock, and all others wait after it`
          : `it waits for its ${locked.lock} lock as long as a transaction before it lasts, and all others wait after it`,
        remedy: "set lock_timeout = '200ms'; first, and run the file again when it gives up",
      },
    ];
  },
};
