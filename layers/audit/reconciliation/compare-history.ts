import { type Comparison, compare } from './comparison.ts';
import type { SealMark } from './marks.ts';
import { rollingBuckets } from './policy.ts';
import type { Snapshot } from './snapshot.ts';

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

/** How much work a balance is, as a number of movements to read. */
const work = {
  /** As many as it has: its version, which may be wrong without harm here. */
  history: 'sum(version)',
  /** Its last closing is looked up by itself. */
  balances: 'count(*) * 50',
} as const;

/**
 * The last item of a range that begins after `after` and is about as much work as reading `movements`. Null when no more than
 * that is left.
 */
export async function endOfRange(
  snapshot: Snapshot,
  orgId: string,
  { after, bucket }: Pick<ItemRange, 'after' | 'bucket'>,
  { movements, of }: { readonly movements: number; readonly of: keyof typeof work },
): Promise<string | null> {
  const values: unknown[] = [orgId, movements];
  const conditions = ['org_id = $1'];
  if (after !== null) conditions.push(`item_id > $${values.push(after)}`);
  if (bucket !== null) conditions.push(`${bucketOf('item_id')} = $${values.push(bucket)}`);
  const [end] = await snapshot.query<{ item_id: string }>(
    `select item_id
     from (
       select item_id, sum(${work[of]}) over (order by item_id) as through, lead(item_id) over (order by item_id) as next
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

/** Hashes the id to spread items evenly: ids begin with their time of creation. */
function bucketOf(column: string): string {
  return `(pg_catalog.uuid_hash(${column}) & 2147483647) % ${rollingBuckets}`;
}
