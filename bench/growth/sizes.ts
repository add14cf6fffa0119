import type { LedgerShape } from '#tests/prove/plans/ledgers.ts';
import type { CurvePoint } from '../bench.ts';

/** One of the databases that are measured side by side. */
export interface Size {
  readonly axis: CurvePoint['axis'];
  readonly at: number;
  readonly shape: LedgerShape;
}

/**
 * The same number of movements a day in every history: then the same number was recorded since a seal, and the history is only
 * longer.
 */
const movementsPerDay = 2_000;
const fewestDays = 5;

/** Databases whose one organization has more and more history, over the same items and places. */
export function historySizes({ quick, large }: { readonly quick: boolean; readonly large: boolean }): Size[] {
  const sizes = [10_000, 100_000, ...(quick ? [] : [1_000_000]), ...(large ? [10_000_000] : [])];
  return sizes.map((movements) => ({
    axis: 'movements',
    at: movements,
    shape: {
      name: `${movements.toLocaleString('en')} movements`,
      organizations: 1,
      movements,
      items: 300,
      locations: 10,
      days: movements / movementsPerDay,
      // Nobody waits for autovacuum: the plans must be good without it.
      upkeep: 'none',
    },
  }));
}

/** Databases with more and more organizations of one size. */
export function organizationSizes({ quick }: { readonly quick: boolean }): Size[] {
  return [1, 100, ...(quick ? [] : [10_000])].map((organizations) => ({
    axis: 'organizations',
    at: organizations,
    shape: {
      name: `${organizations.toLocaleString('en')} ${organizations === 1 ? 'organization' : 'organizations'}`,
      organizations,
      movements: 100,
      items: 4,
      locations: 4,
      days: fewestDays,
      upkeep: 'none',
    },
  }));
}
