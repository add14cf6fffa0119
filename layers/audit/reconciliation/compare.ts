import { type Difference, type Figures, noFigures } from './discrepancy.ts';
import { rollingBuckets } from './policy.ts';
import type { Snapshot } from './snapshot.ts';

/** What one comparison came to. */
export interface Comparison {
  readonly keys: number;
  readonly movements: number;
  /** How many keys differ. */
  readonly found: number;
  /** The first of them in the order of their keys, at most {@link keptDifferences}. */
  readonly differences: readonly Difference[];
}

/** A run keeps no more of what it found than a person could look at. When there is more, the next one compares everything. */
const keptDifferences = 1_000;

/** What a number can count to, and no history does. */
const mostMovements = Number.MAX_SAFE_INTEGER;

/** The last seal: what is behind its boundary is settled, and its closings say what it came to. */
export interface SealMark {
  readonly seq: number;
  readonly boundary: string;
}

/**
 * Which keys: items behind `after` up to `through` (null: no end), and of those the ones in `bucket` and the ones that the
 * last run has left wrong, so that what is known is told until it is right. `runId` is the run that has found some already.
 */
export interface ItemRange {
  readonly after: string | null;
  readonly through: string | null;
  readonly bucket: number | null;
  readonly runId?: string;
}

export const everything: ItemRange = { after: null, through: null, bucket: null };

/** The last seal of the organization, undefined before the first. */
export async function lastSeal(snapshot: Snapshot, orgId: string): Promise<SealMark | undefined> {
  const [seal] = await snapshot.query<{ seq: string; boundary: string }>(
    'select seq, boundary from inventory.seals where org_id = $1 order by seq desc limit 1',
    [orgId],
  );
  return seal && { seq: Number(seal.seq), boundary: seal.boundary };
}

/** The boundary that was drawn last: everything behind it was committed before, and so the snapshot sees it. */
export async function drawnBoundary(snapshot: Snapshot, orgId: string): Promise<string | undefined> {
  const [row] = await snapshot.query<{ boundary: string }>(
    'select boundary from inventory.seal_boundaries where org_id = $1',
    [orgId],
  );
  return row?.boundary;
}

/** The newest entry that the snapshot sees. */
export async function newestEntry(snapshot: Snapshot, orgId: string): Promise<string | undefined> {
  const [entry] = await snapshot.query<{ id: string }>(
    'select id from inventory.entries where org_id = $1 order by id desc limit 1',
    [orgId],
  );
  return entry?.id;
}

/**
 * Whether the last finished run has kept every difference that it found. Of the others nothing says at which keys they are:
 * only a comparison of everything finds them again.
 */
export async function lastRunKeptAll(snapshot: Snapshot, orgId: string): Promise<boolean> {
  const [last] = await snapshot.query<{ kept_all: boolean }>(
    `select r.found <= (
         select count(*)
         from inventory.discrepancies d
         where d.org_id = r.org_id and d.run_id = r.id and d.item_id is not null
       ) as kept_all
     from inventory.reconciliation_runs r
     where r.org_id = $1 and r.status = 'finished'
     order by r.id desc
     limit 1`,
    [orgId],
  );
  return last?.kept_all ?? true;
}

/**
 * Compares the balances of everything that has moved behind an entry: with the closings of the last seal and the movements
 * behind it. The cost follows what has moved, not how much history there is.
 */
export async function compareSince(
  snapshot: Snapshot,
  orgId: string,
  { entry, seal }: { readonly entry: string; readonly seal: SealMark },
): Promise<Comparison> {
  return await compare(
    snapshot,
    // Parameters and not subqueries: what the planner knows of them is why it takes the index.
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
    // What is sealed and was not compared is read again, and what was compared and is not sealed.
    [orgId, entry < seal.boundary ? entry : seal.boundary, seal.boundary],
  );
}

/**
 * Compares balances with their whole history: one pass over the movements, joined with the balances they should come to.
 * Finds rows that are missing and rows that have no history as well, and history that is not what was sealed: what there
 * is up to the seal, which is all of it but for the short rest behind, must be what the closings say.
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

/** The items of which the last run has left a balance wrong that the run at work has not met yet. */
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

/** What of history is sealed, which is all of it but for the rest behind the boundary, against the last closings. */
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
 * Where to end a range of items that begins behind `after`, so that it has about `movements`: null when all that is left
 * is not more. It goes by the versions of the balances, which need not be right for that.
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
  if (!row) throw new Error('a comparison answered no row');
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

/** Spread evenly whatever the ids are: they begin with the time at which they were made. */
function bucketOf(column: string): string {
  return `(pg_catalog.uuid_hash(${column}) & 2147483647) % ${rollingBuckets}`;
}
