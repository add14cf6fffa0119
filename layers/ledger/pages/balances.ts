import type { PageRequest } from '#platform/page.ts';
import { type Statement, Values } from './statement.ts';

/** How many balances, or items, one page looks at. */
const mostLooked = 500;

/** Where the figures are from: a table `b`, and the expressions for them. */
export interface BalanceSource {
  readonly from: string;
  readonly figures: Readonly<Record<string, string>>;
  /** Those that `from` names. */
  readonly values: readonly unknown[];
}

export interface BalanceRange {
  readonly sku?: string | undefined;
  readonly location?: string | undefined;
  readonly lot?: string | undefined;
}

/** The figures of a source as columns. */
export function columnsOf({ figures }: BalanceSource): string {
  return Object.entries(figures)
    .map(([name, expression]) => `${expression} as "${name}"`)
    .join(', ');
}

/** A page of balances in the order of the SKUs. */
export function pageOfBalances(source: BalanceSource, range: BalanceRange, page: PageRequest): Statement {
  const values = new Values(source.values);
  const rows = rowsOf(source, range, page, values);
  if (range.sku === undefined) return [ofAllItems(source, rows, values), values.list];
  const named = `i.id = (select inventory.find_item(${values.add(range.sku)}))`;
  return [rows.of(itemsWhere(named, rows)), values.list];
}

interface Rows {
  /** The balances of some items, item by item until the page is full. */
  of(items: string): string;
  /** A condition on the items `i`: those from which the page begins. */
  readonly fromHere: string;
  /** The location that is asked for. */
  readonly location: string | undefined;
  readonly most: string;
}

function rowsOf(
  source: BalanceSource,
  range: BalanceRange,
  { limit, after }: PageRequest,
  { add }: Values,
): Rows {
  const most = add(limit + 1);
  const location =
    range.location === undefined ? undefined : `(select inventory.find_location(${add(range.location)}))`;
  const ofBalance = ['b.org_id = i.org_id', 'b.item_id = i.id'];
  if (location !== undefined) ofBalance.push(`b.location_id = ${location}`);
  if (range.lot !== undefined) ofBalance.push(`b.lot = ${add(range.lot)}`);
  const [sku, code, lot] = (after ?? []).map(add);
  return {
    most,
    location,
    fromHere: after ? `i.sku >= ${sku}` : 'true',
    // `offset 0` keeps Postgres from reading the balances of all items first.
    of: (items) => `
      select i.sku, b.location, nullif(b.lot, '') as lot, ${columnsOf(source)}
      from (${items}) i
      cross join lateral (
        select b.*, (
          select l.code from inventory.locations l where l.org_id = b.org_id and l.id = b.location_id
        ) as location
        from ${source.from}
        where ${ofBalance.join(' and ')}
        offset 0
      ) b
      where ${after ? `(i.sku, b.location, b.lot) > (${sku}, ${code}, ${lot})` : 'true'}
      order by i.sku, b.location, b.lot
      limit ${most}`,
  };
}

function itemsWhere(condition: string, { fromHere }: Rows): string {
  return `select i.org_id, i.id, i.sku from inventory.items i where ${condition} and ${fromHere} order by i.sku`;
}

/**
 * Most items may have no balance, or none at a location. So a page looks at a bounded number of rows, from one of two sides:
 * - the items of all balances, if these are few;
 * - otherwise the next items. A page that is not full then ends at the last one: a row without a location.
 */
function ofAllItems(source: BalanceSource, rows: Rows, { add }: Values): string {
  const looked = add(mostLooked);
  const { location, most } = rows;
  // Compared as ranges: with `=`, the order of two indexes would be the same, and Postgres could read the wrong one.
  const [order, there] = location
    ? ['b.location_id, b.item_id, b.lot', `b.location_id >= ${location} and b.location_id <= ${location}`]
    : ['b.item_id, b.location_id, b.lot', 'true'];
  const isFew = `(select count(*) from few) <= ${looked}`;
  return `
    with few as materialized (
      select b.item_id from inventory.balances b where ${there} order by ${order} limit ${looked}::bigint + 1
    ),
    near as (${rows.of(`
      select i.*
      from (select distinct item_id from few where ${isFew}) f
      cross join lateral (${itemsWhere('i.id = f.item_id', rows)} offset 0) i
      order by i.sku`)}
    ),
    far as (${rows.of(`${itemsWhere(`not (${isFew})`, rows)} limit ${looked}`)}
    ),
    page as materialized (select * from near union all select * from far limit ${most}),
    goes_on as materialized (select not (${isFew}) and (select count(*) from page) < ${most} as beyond)
    select * from page
    union all
    (
      select i.sku, null, null${', null'.repeat(Object.keys(source.figures).length)}
      from (${itemsWhere('(select beyond from goes_on)', rows)} offset ${looked}::bigint - 1 limit 1) i
    )`;
}
