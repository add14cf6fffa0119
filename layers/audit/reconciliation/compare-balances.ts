import { type Comparison, compare } from './comparison.ts';
import type { SealMark } from './marks.ts';
import type { Snapshot } from './snapshot.ts';

/** A limit that no history reaches. */
const mostMovements = Number.MAX_SAFE_INTEGER;

/** The balances of the items after `after` up to `through` (null: to the end). */
export interface BalanceRange {
  readonly after: string | null;
  readonly through: string | null;
}

/**
 * Compares every balance with the closing balance of its last seal and the movements after the last seal, whether it has moved
 * or not. The cost depends on the number of balances, not on how much history there is. A balance whose row is missing is
 * found here only if it has moved: {@link compareMissing} finds the others.
 */
export async function compareBalances(
  snapshot: Snapshot,
  orgId: string,
  range: BalanceRange,
  seal: SealMark,
): Promise<Comparison> {
  const values: unknown[] = [orgId, seal.boundary];
  const conditions = ['true'];
  if (range.after !== null) conditions.push(`item_id > $${values.push(range.after)}`);
  if (range.through !== null) conditions.push(`item_id <= $${values.push(range.through)}`);
  const where = conditions.join(' and ');
  return await compare(
    snapshot,
    figuresOf(`
       select item_id, location_id, lot, b.on_hand, b.reserved, b.version,
         t.on_hand as later_on_hand, t.version as later_version, r.quantity as held
       from (
         select item_id, location_id, lot, on_hand, reserved, version
         from inventory.balances
         where org_id = $1 and ${where}
       ) b
       full join (
         select item_id, location_id, lot, sum(quantity) as on_hand, count(*) as version
         from (
           -- By the entry, whatever the range is: these are few, and the movements of an item are many.
           select * from inventory.movements where org_id = $1 and entry_id > $2 offset 0
         ) m
         where ${where}
         group by item_id, location_id, lot
       ) t using (item_id, location_id, lot)
       full join (
         select item_id, location_id, lot, quantity from inventory.held_quantities($1) where ${where}
       ) r using (item_id, location_id, lot)`),
    values,
  );
}

/**
 * Whether a sealed balance may have no row: the movements of the seals and those after them are more or fewer than the
 * balances count.
 */
export async function mayMissBalances(snapshot: Snapshot, orgId: string, seal: SealMark): Promise<boolean> {
  const [row] = await snapshot.query<{ differs: boolean }>(
    `select
       (select sum(movements) from inventory.seals where org_id = $1)
         + (select count(*) from inventory.movements where org_id = $1 and entry_id > $2)
       is distinct from (select sum(version) from inventory.balances where org_id = $1) as differs`,
    [orgId, seal.boundary],
  );
  return row?.differs ?? true;
}

/** Finds the balances without a row that have not moved since the last seal. It reads the keys of all closing balances. */
export async function compareMissing(snapshot: Snapshot, orgId: string, seal: SealMark): Promise<Comparison> {
  return await compare(
    snapshot,
    figuresOf(`
       select c.item_id, c.location_id, c.lot, null::numeric as on_hand, null::numeric as reserved, null::bigint as version,
         null::numeric as later_on_hand, 0 as later_version, null::numeric as held
       from (select distinct item_id, location_id, lot from inventory.seal_closings where org_id = $1) c
       where not exists (
           select
           from inventory.balances b
           where b.org_id = $1 and b.item_id = c.item_id and b.location_id = c.location_id and b.lot = c.lot
         )
         and not exists (
           select
           from inventory.movements m
           where m.org_id = $1 and m.item_id = c.item_id and m.location_id = c.location_id and m.lot = c.lot
             and m.entry_id > $2
         )`),
    [orgId, seal.boundary],
  );
}

/** Adds the last closing of each balance to its movements after the last seal. */
function figuresOf(balances: string): string {
  return `select k.item_id, k.location_id, k.lot, k.later_version as movements,
       k.on_hand as stored_on_hand, k.reserved as stored_reserved, k.version as stored_version,
       coalesce(c.on_hand, 0) + coalesce(k.later_on_hand, 0) as computed_on_hand,
       coalesce(k.held, 0) as computed_reserved,
       -- A closing that somebody has altered may say what no count of movements comes to.
       least(coalesce(c.version, 0)::numeric + coalesce(k.later_version, 0), ${mostMovements}) as computed_version,
       false as unlike_seal
     -- Kept apart by the offset: the columns of a full join are COALESCE(), which row security keeps out of an index.
     from (${balances} offset 0) k
     -- One looked up at a time, as the limit says: every closing of every seal would be read otherwise.
     left join lateral (
       select c.on_hand, c.version
       from inventory.seal_closings c
       where c.org_id = $1 and c.item_id = k.item_id and c.location_id = k.location_id and c.lot = k.lot
       order by c.seq desc
       limit 1
     ) c on true`;
}
