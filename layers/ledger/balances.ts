import * as z from 'zod';
import { InvalidInput, NotFound } from '#platform/errors.ts';
import { type Page, type PageRequest, toPage } from '#platform/page.ts';
import { inTenant, type Tenant } from '#tenancy/scope.ts';
import type { BalanceFigures } from './entries.ts';
import { Code, Instant, Lot } from './input.ts';

export interface Balance extends BalanceFigures {
  readonly sku: string;
  readonly location: string;
  readonly lot: string | null;
}

/** A balance as it was: holds are not history, so only what was on hand is known. */
export interface PastBalance {
  readonly sku: string;
  readonly location: string;
  readonly lot: string | null;
  readonly onHand: number;
  readonly version: number;
}

export const BalanceFilter = z.object({ sku: Code.optional(), location: Code.optional(), lot: Lot });

/** `basis`: by the time of recording (what the books said then) or of effect (what we know today of then). */
export const AsOf = z.object({
  asOf: Instant.optional(),
  basis: z.enum(['recorded', 'effective']).optional(),
});

export interface ItemBalance {
  readonly sku: string;
  readonly onHand: number;
  readonly reserved: number;
  readonly available: number;
  readonly locations: readonly Omit<Balance, 'sku'>[];
}

/** What an answer about the past says of itself. */
export interface PastAnswer {
  readonly asOf: string;
  readonly basis: 'recorded' | 'effective';
  /** Whether a seal vouches for the history behind this answer. */
  readonly sealed: boolean;
}

export interface PastItemBalance extends PastAnswer {
  readonly sku: string;
  readonly onHand: number;
  readonly locations: readonly Omit<PastBalance, 'sku'>[];
}

const current = {
  from: 'inventory.balances b',
  figures: `b.on_hand as "onHand", b.reserved, b.on_hand - b.reserved as available, b.version`,
};

/**
 * The balances that pass the filter, by SKU, location and lot: those of now, or with `asOf` those of then, worked out
 * from the movements.
 */
export async function listBalances(
  tenant: Tenant,
  filter: z.infer<typeof BalanceFilter>,
  asked: z.infer<typeof AsOf>,
  page: PageRequest,
): Promise<{ page: Page<Balance> } | (PastAnswer & { page: Page<PastBalance> })> {
  const then = pastAnswer(asked);
  if (!then) return { page: await list<Balance>(tenant, current, [], filter, page) };
  return { ...then, page: await list<PastBalance>(tenant, past(then.basis), [then.asOf], filter, page) };
}

/**
 * What there is of an item, or was at `asOf`: in all, and per location and lot.
 * @throws not_found when there is no such item
 */
export async function itemBalance(
  tenant: Tenant,
  sku: string,
  asked: z.infer<typeof AsOf>,
): Promise<ItemBalance | PastItemBalance> {
  const then = pastAnswer(asked);
  if (then) {
    const locations = await ofItem<Omit<PastBalance, 'sku'>>(tenant, past(then.basis), [then.asOf], sku);
    return { sku, ...then, onHand: total(locations.map(({ onHand }) => onHand)), locations };
  }
  const locations = await ofItem<Omit<Balance, 'sku'>>(tenant, current, [], sku);
  return {
    sku,
    onHand: total(locations.map(({ onHand }) => onHand)),
    reserved: total(locations.map(({ reserved }) => reserved)),
    available: total(locations.map(({ available }) => available)),
    locations,
  };
}

function pastAnswer({ asOf, basis }: z.infer<typeof AsOf>): PastAnswer | undefined {
  if (asOf !== undefined) return { asOf, basis: basis ?? 'recorded', sealed: false };
  if (basis === undefined) return undefined;
  throw new InvalidInput('A field of the request is wrong.', [
    { field: 'basis', message: 'goes with asOf: name the instant, or leave the basis out' },
  ]);
}

function past(basis: PastAnswer['basis']): typeof current {
  const column = basis === 'recorded' ? 'recorded_at' : 'occurred_at';
  return {
    from: `(
      select org_id, item_id, location_id, lot, sum(quantity) as on_hand, count(*) as version
      from inventory.movements
      where ${column} <= $1
      group by org_id, item_id, location_id, lot
    ) b`,
    figures: 'b.on_hand as "onHand", b.version',
  };
}

async function list<Row extends Balance | PastBalance>(
  tenant: Tenant,
  source: typeof current,
  sourceValues: readonly unknown[],
  filter: z.infer<typeof BalanceFilter>,
  { limit, after }: PageRequest,
): Promise<Page<Row>> {
  const values = [...sourceValues];
  const value = (given: unknown) => `$${values.push(given)}`;
  const conditions = ['true'];
  if (filter.sku !== undefined) conditions.push(`i.sku = ${value(filter.sku)}`);
  if (filter.location !== undefined) conditions.push(`l.code = ${value(filter.location)}`);
  if (filter.lot !== undefined) conditions.push(`b.lot = ${value(filter.lot)}`);
  if (after) {
    conditions.push(`(i.sku, l.code, b.lot) > (${value(after[0])}, ${value(after[1])}, ${value(after[2])})`);
  }
  const rows = await inTenant(tenant, 'read', (tx) =>
    tx.query<Row>(
      `select i.sku, l.code as location, nullif(b.lot, '') as lot, ${source.figures}
       from ${source.from}
       join inventory.items i on i.org_id = b.org_id and i.id = b.item_id
       join inventory.locations l on l.org_id = b.org_id and l.id = b.location_id
       where ${conditions.join(' and ')}
       order by i.sku, l.code, b.lot
       limit ${value(limit + 1)}`,
      values,
    ),
  );
  return toPage(rows, limit, ({ sku, location, lot }) => [sku, location, lot ?? '']);
}

async function ofItem<Place>(
  tenant: Tenant,
  source: typeof current,
  sourceValues: readonly unknown[],
  sku: string,
): Promise<Place[]> {
  const rows = await inTenant(tenant, 'read', (tx) =>
    tx.query<Place & { location: string | null }>(
      `select l.code as location, nullif(b.lot, '') as lot, ${source.figures}
       from inventory.items i
       left join ${source.from} on b.org_id = i.org_id and b.item_id = i.id
       left join inventory.locations l on l.org_id = b.org_id and l.id = b.location_id
       where i.sku = $${sourceValues.length + 1}
       order by l.code, b.lot`,
      [...sourceValues, sku],
    ),
  );
  if (rows.length === 0) throw new NotFound(`item ${JSON.stringify(sku)}`);
  // An item that was never moved has one row without a location.
  return rows.filter(({ location }) => location !== null);
}

/** Sums without the dust of binary fractions: four decimals are exact in integers. */
function total(quantities: readonly number[]): number {
  return quantities.reduce((sum, quantity) => sum + Math.round(quantity * 10_000), 0) / 10_000;
}
