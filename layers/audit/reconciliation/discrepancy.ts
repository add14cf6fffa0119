/** One balance: what there is of an item, at a location, of a lot (none is the empty string). Ids, not codes. */
export interface BalanceKey {
  readonly item: string;
  readonly location: string;
  readonly lot: string;
}

/** What a balance says, or what its history says that it should. */
export interface Figures {
  readonly onHand: number;
  readonly reserved: number;
  readonly version: number;
}

/** A balance that is not what its history says. */
export interface Difference extends BalanceKey {
  /** Undefined when there is no row. */
  readonly stored: Figures | undefined;
  /** The stored version to the last digit: whoever has written it may have written what a number cannot hold. */
  readonly storedVersionText?: string | undefined;
  readonly computed: Figures;
}

/** Why a balance differs, as far as it can be shown. `unknown` rather than a guess. */
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
  'unknown',
] as const;
export type Cause = (typeof causes)[number];

/** The causes that lie in the movements or their seals: there the balance may be the only thing left that is right. */
export const causesOfHistory: readonly Cause[] = [
  'movement_deleted',
  'movement_altered',
  'movement_inserted',
  'seal_altered',
  'anchor_missing',
];

/** What was done about it. `found`: not settled yet. `gone`: looked at again, it was as it must be. */
export const actions = ['found', 'corrected', 'alerted', 'applied', 'gone'] as const;
export type Action = (typeof actions)[number];

/** A difference as a run keeps it. */
export interface Discrepancy extends Difference {
  /** Its number within the run. */
  readonly number: number;
  readonly cause: Cause | undefined;
  /** What the cause follows from, and of a correction the figures before and after. */
  readonly detail: Readonly<Record<string, unknown>>;
  readonly action: Action;
}

/** What no row says: nothing, of nothing. */
export const noFigures: Figures = { onHand: 0, reserved: 0, version: 0 };

/** How far the stored figures are from the computed ones: positive when too much is stored. Exact to four decimals. */
export function driftOf({ stored = noFigures, computed }: Pick<Difference, 'stored' | 'computed'>): Figures {
  return {
    onHand: exactly(stored.onHand - computed.onHand),
    reserved: exactly(stored.reserved - computed.reserved),
    version: stored.version - computed.version,
  };
}

/** Quantities have four decimals; their sums and differences in binary fractions have dust behind them. */
export function exactly(quantity: number): number {
  return Math.round(quantity * 10_000) / 10_000;
}
