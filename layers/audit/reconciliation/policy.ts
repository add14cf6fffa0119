import { type Cause, causesOfHistory, type Difference, driftOf, noFigures } from './discrepancy.ts';

/** What may be put right without asking anybody. Beyond it nothing changes, and somebody is told. */
export interface ReconciliationPolicy {
  /** The most that on hand and reserved may each be off, in the item's own unit. */
  readonly toleranceAbsolute: number;
  /** The same as a share of what is on hand, stored or computed, whichever is more: 0.05 is five per cent. Both must hold. */
  readonly toleranceRelative: number;
  /** When a run finds more differences than this, it corrects none of them: what breaks many is no accident of one. */
  readonly maxCorrectionsPerRun: number;
}

export const defaultPolicy: ReconciliationPolicy = {
  toleranceAbsolute: 10,
  toleranceRelative: 0.05,
  maxCorrectionsPerRun: 10,
};

/** Into how many parts the items of an organization are put, of which a daily run proves one from its first movement on. */
export const rollingBuckets = 30;

/** An organization is due again this long after its last finished run: less than a day, so that a daily schedule meets it. */
export const dueAfterSeconds = 20 * 3_600;

/** After a failure it is tried again this much later, so that one organization cannot keep a tick busy. */
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

/** What a decision goes by beside the difference itself. */
export interface Circumstance {
  /** How many differences the whole run found. */
  readonly found: number;
  readonly triggersHealthy: boolean;
  /** Whether an earlier run has corrected the same balance. */
  readonly correctedBefore: boolean;
}

/**
 * Decides about one difference. Correcting makes the balance what history says, so it
 * is right only while history itself is beyond doubt.
 */
export function decide(
  difference: Pick<Difference, 'stored' | 'computed'>,
  cause: Cause,
  { found, triggersHealthy, correctedBefore }: Circumstance,
  policy: ReconciliationPolicy = defaultPolicy,
): Decision {
  if (!triggersHealthy) return { do: 'alert', because: 'trigger unhealthy' };
  if (isHistoryInDoubt(difference, cause)) return { do: 'alert', because: 'history in doubt' };
  // Whatever could not be excluded may be a movement that somebody has altered: its balance would follow it unseen.
  if (cause === 'unknown') return { do: 'alert', because: 'unexplained' };
  if (cause === 'partial_backfill') return { do: 'alert', because: 'backfill unfinished' };
  if (cause === 'restored_to_older_point') return { do: 'alert', because: 'restored' };
  if (found > policy.maxCorrectionsPerRun) return { do: 'alert', because: 'too many' };
  if (!isWithinTolerance(difference, policy)) return { do: 'alert', because: 'beyond tolerance' };
  // Whatever made it wrong is still there, and would do so again.
  if (correctedBefore) return { do: 'alert', because: 'corrected before' };
  return { do: 'correct' };
}

/** Whether on hand and reserved are each off by no more than the policy tolerates. A wrong version alone always is. */
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

/** Whether the movements may be what is wrong: then the balance may be the only thing left that is right. */
function isHistoryInDoubt(
  { stored = noFigures, computed }: Pick<Difference, 'stored' | 'computed'>,
  cause: Cause,
): boolean {
  if (cause === 'unknown') return stored.version > computed.version;
  return causesOfHistory.includes(cause);
}
