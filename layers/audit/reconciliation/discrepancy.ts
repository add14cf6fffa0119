/**
 * The names of a wrong balance, one for each step:
 * 1. *difference*: the comparison found that a stored balance is not the sum of its movements ({@link Difference}).
 * 2. *discrepancy*: a run recorded the difference in `inventory.discrepancies`, under a number. It explains the discrepancy
 *    (its cause) and settles it (its action): it corrects the balance or leaves it to people ({@link Discrepancy}).
 * 3. *correction*: the balance was set to the sum of its movements, by a run (`corrected`) or by a person (`applied`).
 *
 * A wrong seal or anchor has no balance. The seal check returns it as a *seal finding*, and the run records it as a
 * discrepancy without a balance.
 */
/** One balance: of an item, at a location, of a lot (an empty string when it has no lot). These are ids, not codes. */
export interface BalanceKey {
  readonly item: string;
  readonly location: string;
  readonly lot: string;
}

/** The figures of a balance, as stored or as computed from its history. */
export interface Figures {
  readonly onHand: number;
  readonly reserved: number;
  readonly version: number;
}

/** A balance that differs from its history. */
export interface Difference extends BalanceKey {
  /** Undefined when there is no row. */
  readonly stored: Figures | undefined;
  /** All digits of the stored version: somebody may have written a version that a JavaScript number cannot hold. */
  readonly storedVersionText?: string | undefined;
  readonly computed: Figures;
}

/** Why a balance differs, if the evidence shows it. Otherwise `unknown`: the cause is never guessed. */
export const causes = [
  'direct_write',
  'trigger_disabled',
  'movement_deleted',
  'movement_altered',
  'movement_inserted',
  'partial_backfill',
  'restored_to_older_point',
  'seal_altered',
  'anchor_missing',
  'impossible_value',
  'unknown',
] as const;
export type Cause = (typeof causes)[number];

/** Causes in the movements or their seals. Here the balance may be the only figure that is still right. */
export const causesOfHistory: readonly Cause[] = [
  'movement_deleted',
  'movement_altered',
  'movement_inserted',
  'seal_altered',
  'anchor_missing',
  'impossible_value',
];

/** What was done about a discrepancy. `found`: not settled yet. `gone`: when examined again, the balance was right. */
export const actions = ['found', 'corrected', 'alerted', 'applied', 'gone'] as const;
export type Action = (typeof actions)[number];

/** A difference that a run recorded. */
export interface Discrepancy extends Difference {
  /** Its number within the run. */
  readonly number: number;
  readonly cause: Cause | undefined;
  /** The facts that show the cause. After a correction, also the figures before and after it. */
  readonly detail: Readonly<Record<string, unknown>>;
  readonly action: Action;
}

/** The figures of a balance that has no row. */
export const noFigures: Figures = { onHand: 0, reserved: 0, version: 0 };

/** Stored minus computed figures: positive when too much is stored. Exact to four decimals. */
export function driftOf({ stored = noFigures, computed }: Pick<Difference, 'stored' | 'computed'>): Figures {
  return {
    onHand: exactly(stored.onHand - computed.onHand),
    reserved: exactly(stored.reserved - computed.reserved),
    version: stored.version - computed.version,
  };
}

/** Removes the rounding errors that sums of binary fractions have after the fourth decimal. */
export function exactly(quantity: number): number {
  return Math.round(quantity * 10_000) / 10_000;
}
