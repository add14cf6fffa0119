import { type Difference, type Figures, noFigures } from './discrepancy.ts';
import type { Snapshot } from './snapshot.ts';

/** The result of one comparison. */
export interface Comparison {
  readonly keys: number;
  readonly movements: number;
  /** The number of differences. */
  readonly found: number;
  /** The first differences, ordered by balance, at most {@link keptDifferences}. */
  readonly differences: readonly Difference[];
}

/** A run keeps no more differences than a person can read. When there are more, the next run compares everything. */
const keptDifferences = 1_000;

interface ComparedRow {
  readonly keys: number;
  readonly movements: number;
  readonly found: number;
  readonly differences:
    | readonly {
        readonly item_id: string;
        readonly location_id: string;
        readonly lot: string;
        readonly stored_on_hand: number | null;
        readonly stored_reserved: number | null;
        readonly stored_version: number | null;
        readonly stored_version_text: string | null;
        readonly computed_on_hand: number;
        readonly computed_reserved: number;
        readonly computed_version: number;
      }[]
    | null;
}

/**
 * Compares the stored with the computed figures of balances. `keys` is a query that returns for each balance item_id,
 * location_id, lot, movements, the stored and computed figures, and unlike_seal: whether its history differs from its seal. A
 * balance without a row has no stored figures: it is there because something says that there should be one.
 */
export async function compare(
  snapshot: Snapshot,
  keys: string,
  values: readonly unknown[],
): Promise<Comparison> {
  const [row] = await snapshot.query<ComparedRow>(
    `with compared as materialized (
       select *,
         stored_version is null
           or stored_on_hand <> computed_on_hand
           or stored_version <> computed_version
           or stored_reserved <> computed_reserved
           or unlike_seal as differs
       from (${keys}) as keys
     )
     select count(*)::float8 as keys, coalesce(sum(movements), 0)::float8 as movements,
       count(*) filter (where differs)::float8 as found,
       (select json_agg(d) from (
         select *, stored_version::text as stored_version_text
         from compared where differs order by item_id, location_id, lot limit ${keptDifferences}
       ) as d) as differences
     from compared`,
    values,
  );
  if (!row) throw new Error('the comparison returned no row');
  return {
    keys: row.keys,
    movements: row.movements,
    found: row.found,
    differences: (row.differences ?? []).map((each) => ({
      item: each.item_id,
      location: each.location_id,
      lot: each.lot,
      stored: figures(each.stored_on_hand, each.stored_reserved, each.stored_version),
      storedVersionText: each.stored_version_text ?? undefined,
      computed: figures(each.computed_on_hand, each.computed_reserved, each.computed_version) ?? noFigures,
    })),
  };
}

function figures(
  onHand: number | null,
  reserved: number | null,
  version: number | null,
): Figures | undefined {
  if (onHand === null || reserved === null || version === null) return undefined;
  return { onHand, reserved, version };
}
