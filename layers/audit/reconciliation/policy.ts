import { type Cause, causesOfHistory, type Difference, driftOf, noFigures } from './discrepancy.ts';

/** What a run may correct without asking a person. Everything else stays unchanged and causes an alert. */
export interface ReconciliationPolicy {
  /** The largest difference of on hand, and of reserved, in the item's own unit. */
  readonly toleranceAbsolute: number;
  /** The same as a share of the larger of stored and computed on hand: 0.05 is five per cent. Both limits apply. */
  readonly toleranceRelative: number;
  /** When a run finds more differences than this, it corrects none: something that breaks many balances is still active. */
  readonly maxCorrectionsPerRun: number;
}

export const defaultPolicy: ReconciliationPolicy = {
  toleranceAbsolute: 10,
  toleranceRelative: 0.05,
  maxCorrectionsPerRun: 10,
};

/**
 * The items of an organization are divided into this many parts. A daily run compares every balance with its last closing and
 * the movements after it, and one part with its whole history.
 */
export const rollingBuckets = 30;

/** An organization is due again this long after its last finished run. Less than a day, so that a daily schedule finds it due. */
export const dueAfterSeconds = 20 * 3_600;

/** After a failure the organization is due again this much later, so that one organization cannot occupy a tick. */
export const retryAfterSeconds = 3_600;

export type Decision =
  | { readonly do: 'correct' }
  | {
      readonly do: 'alert';
      readonly because:
        | 'trigger unhealthy'
        | 'too many'
        | 'beyond tolerance'
        | 'history in doubt'
        | 'unexplained'
        | 'backfill unfinished'
        | 'restored'
        | 'corrected before';
    };

/** What the decision depends on, besides the difference itself. */
export interface Circumstance {
  /** How many differences the whole run found. */
  readonly found: number;
  readonly triggersHealthy: boolean;
  /** Whether an earlier run has corrected the same balance. */
  readonly correctedBefore: boolean;
}

/**
 * Decides about one difference. A correction sets the balance to what history says, so it is right only while history
 * itself is beyond doubt.
 */
export function decide(
  difference: Pick<Difference, 'stored' | 'computed'>,
  cause: Cause,
  { found, triggersHealthy, correctedBefore }: Circumstance,
  policy: ReconciliationPolicy = defaultPolicy,
): Decision {
  if (!triggersHealthy) return { do: 'alert', because: 'trigger unhealthy' };
  if (isHistoryInDoubt(difference, cause)) return { do: 'alert', because: 'history in doubt' };
  // The cause may be an altered movement. A correction would follow that movement unnoticed.
  if (cause === 'unknown') return { do: 'alert', because: 'unexplained' };
  if (cause === 'partial_backfill') return { do: 'alert', because: 'backfill unfinished' };
  if (cause === 'restored_to_older_point') return { do: 'alert', because: 'restored' };
  if (found > policy.maxCorrectionsPerRun) return { do: 'alert', because: 'too many' };
  if (!isWithinTolerance(difference, policy)) return { do: 'alert', because: 'beyond tolerance' };
  // The cause is still active, and would break the balance again.
  if (correctedBefore) return { do: 'alert', because: 'corrected before' };
  return { do: 'correct' };
}

/** Whether on hand and reserved each differ by no more than is tolerated. A difference in the version alone is tolerated. */
export function isWithinTolerance(
  { stored = noFigures, computed }: Pick<Difference, 'stored' | 'computed'>,
  { toleranceAbsolute, toleranceRelative }: ReconciliationPolicy = defaultPolicy,
): boolean {
  const drift = driftOf({ stored, computed });
  const whole = Math.max(Math.abs(stored.onHand), Math.abs(computed.onHand));
  return [drift.onHand, drift.reserved].every(
    (off) => Math.abs(off) <= toleranceAbsolute && Math.abs(off) <= toleranceRelative * whole,
  );
}

/** Whether the movements may be wrong. Then the balance may be the only figure that is still right. */
function isHistoryInDoubt(
  { stored = noFigures, computed }: Pick<Difference, 'stored' | 'computed'>,
  cause: Cause,
): boolean {
  if (cause === 'unknown') return stored.version > computed.version;
  return causesOfHistory.includes(cause);
}
