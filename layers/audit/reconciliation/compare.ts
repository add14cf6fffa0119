import { type Difference, type Figures, noFigures } from './discrepancy.ts';
import type { SealMark } from './marks.ts';
import { rollingBuckets } from './policy.ts';
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

/** A limit that no history reaches. */
const mostMovements = Number.MAX_SAFE_INTEGER;

/**
 * Which balances to compare: those of the items after `after` up to `through` (null: to the end). Among these, the items in
 * `bucket`, and the items that the last run left wrong, so that they are reported until they are right. `runId` is the
 * current run, whose own discrepancies are not compared again.
 */
export interface ItemRange {
  readonly after: string | null;
  readonly through: string | null;
  readonly bucket: number | null;
  readonly runId?: string;
}

export const everything: ItemRange = { after: null, through: null, bucket: null };

/**
 * Compares every balance that has moved since an entry with the closings of the last seal and the movements after it. The
 * cost depends on how much has moved, not on how much history there is.
 */
export async function compareSince(
  snapshot: Snapshot,
  orgId: string,
  { entry, seal }: { readonly entry: string; readonly seal: SealMark },
): Promise<Comparison> {
  return await compare(
    snapshot,
    // Parameters and not subqueries: the planner must know the values to choose the index.
    `select t.item_id, t.location_id, t.lot, t.movements,
       b.on_hand as stored_on_hand, b.reserved as stored_reserved, b.version as stored_version,
       coalesce(c.on_hand, 0) + coalesce(t.on_hand, 0) as computed_on_hand,
       coalesce(r.quantity, 0) as computed_reserved,
       -- A closing that somebody has altered may say what no count of movements comes to.
       least(coalesce(c.version, 0)::numeric + t.version, ${mostMovements}) as computed_version,
       false as unlike_seal
     from (
       select item_id, location_id, lot, count(*) as movements,
         sum(quantity) filter (where entry_id > $3) as on_hand, count(*) filter (where entry_id > $3) as version
       from inventory.movements
       where org_id = $1 and entry_id > $2
       group by item_id, location_id, lot
     ) t
     left join lateral (
       select c.on_hand, c.version
       from inventory.seal_closings c
       where c.org_id = $1 and c.item_id = t.item_id and c.location_id = t.location_id and c.lot = t.lot
       order by c.seq desc
       limit 1
     ) c on true
     -- One looked up at a time, as the limit says: all balances would be read for a few otherwise.
     left join lateral (
       select b.on_hand, b.reserved, b.version
       from inventory.balances b
       where b.org_id = $1 and b.item_id = t.item_id and b.location_id = t.location_id and b.lot = t.lot
       limit 1
     ) b on true
     left join inventory.held_quantities($1) r
       on r.item_id = t.item_id and r.location_id = t.location_id and r.lot = t.lot`,
    // Reads again what is sealed but was not compared, and what was compared but is not sealed.
    [orgId, entry < seal.boundary ? entry : seal.boundary, seal.boundary],
  );
}

/**
 * Compares balances with their whole history: reads the movements once, and joins their sums with the balances. It also
 * finds missing balances, balances without history, and history that differs from its seal: the movements up to the seal
 * must add up to the closings.
 */
export async function compareHistory(
  snapshot: Snapshot,
  orgId: string,
  range: ItemRange,
  seal: SealMark | undefined,
): Promise<Comparison> {
  const values: unknown[] = [orgId];
  const conditions = ['org_id = $1'];
  if (range.after !== null) conditions.push(`item_id > $${values.push(range.after)}`);
  if (range.through !== null) conditions.push(`item_id <= $${values.push(range.through)}`);
  if (range.bucket !== null) {
    const bucket = `$${values.push(range.bucket)}`;
    conditions.push(
      `item_id in (select id from inventory.items where org_id = $1 and ${bucketOf('id')} = ${bucket}
         union all
         select item_id from inventory.balances where org_id = $1 and ${bucketOf('item_id')} = ${bucket}
         union all
         ${itemsLeft(`$${values.push(range.runId ?? null)}::uuid`)})`,
    );
  }
  const where = conditions.join(' and ');
  const held = where.replace('org_id = $1', 'true');
  const sealed = seal && sealedPart(where, `$${values.push(seal.boundary)}`);
  return await compare(
    snapshot,
    `select item_id, location_id, lot, h.version as movements,
       b.on_hand as stored_on_hand, b.reserved as stored_reserved, b.version as stored_version,
       coalesce(h.on_hand, 0) as computed_on_hand,
       coalesce(r.quantity, 0) as computed_reserved,
       coalesce(h.version, 0) as computed_version,
       ${sealed?.unlike ?? 'false'} as unlike_seal
     from (
       select item_id, location_id, lot, sum(quantity) as on_hand, count(*) as version
       from inventory.movements
       where ${where}
       group by item_id, location_id, lot
     ) h
     ${sealed?.join ?? ''}
     full join (
       select item_id, location_id, lot, on_hand, reserved, version
       from inventory.balances
       where ${where}
     ) b using (item_id, location_id, lot)
     full join (
       select item_id, location_id, lot, quantity
       from inventory.held_quantities($1)
       where ${held}
     ) r using (item_id, location_id, lot)`,
    values,
  );
}

/** The items with a balance that the last run left wrong and that the current run has not reached yet. */
function itemsLeft(run: string): string {
  return `select d.item_id
         from inventory.discrepancies d
         where d.org_id = $1 and d.action = 'alerted' and d.item_id is not null
           and d.run_id = (
             select r.id
             from inventory.reconciliation_runs r
             where r.org_id = $1 and r.status = 'finished'
             order by r.id desc
             limit 1
           )
           and not exists (
             select
             from inventory.discrepancies met
             where met.org_id = $1 and met.run_id = ${run}
               and met.item_id = d.item_id and met.location_id = d.location_id and met.lot = d.lot
           )`;
}

/** Compares the sealed part of history (all of it except the movements after the boundary) with the last closings. */
function sealedPart(where: string, boundary: string) {
  return {
    unlike: `coalesce(h.on_hand, 0) - coalesce(t.on_hand, 0) <> coalesce(c.on_hand, 0)
         or coalesce(h.version, 0) - coalesce(t.version, 0) <> coalesce(c.version, 0)`,
    join: `full join (
       select distinct on (item_id, location_id, lot) item_id, location_id, lot, on_hand, version
       from inventory.seal_closings
       where ${where}
       order by item_id, location_id, lot, seq desc
     ) c using (item_id, location_id, lot)
     left join (
       select item_id, location_id, lot, sum(quantity) as on_hand, count(*) as version
       from inventory.movements
       where entry_id > ${boundary} and ${where}
       group by item_id, location_id, lot
     ) t using (item_id, location_id, lot)`,
  };
}

/**
 * The last item of a range that begins after `after` and contains about `movements`. Null when no more than that is left.
 * It uses the versions of the balances, which may be wrong without harm here.
 */
export async function endOfRange(
  snapshot: Snapshot,
  orgId: string,
  { after, bucket }: Pick<ItemRange, 'after' | 'bucket'>,
  movements: number,
): Promise<string | null> {
  const values: unknown[] = [orgId, movements];
  const conditions = ['org_id = $1'];
  if (after !== null) conditions.push(`item_id > $${values.push(after)}`);
  if (bucket !== null) conditions.push(`${bucketOf('item_id')} = $${values.push(bucket)}`);
  const [end] = await snapshot.query<{ item_id: string }>(
    `select item_id
     from (
       select item_id, sum(sum(version)) over (order by item_id) as through, lead(item_id) over (order by item_id) as next
       from inventory.balances
       where ${conditions.join(' and ')}
       group by item_id
     ) as items
     where through >= $2 and next is not null
     order by item_id
     limit 1`,
    values,
  );
  return end?.item_id ?? null;
}

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

async function compare(snapshot: Snapshot, keys: string, values: readonly unknown[]): Promise<Comparison> {
  const [row] = await snapshot.query<ComparedRow>(
    `with compared as materialized (
       select *,
         coalesce(stored_on_hand, 0) <> computed_on_hand
           or coalesce(stored_version, 0) <> computed_version
           or coalesce(stored_reserved, 0) <> computed_reserved
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

/** Hashes the id to spread items evenly: ids begin with their time of creation. */
function bucketOf(column: string): string {
  return `(pg_catalog.uuid_hash(${column}) & 2147483647) % ${rollingBuckets}`;
}
