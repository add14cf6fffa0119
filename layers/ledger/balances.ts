import type pg from 'pg';
import * as z from 'zod';
import { InvalidInput, NotFound } from '#platform/errors.ts';
import { Instant } from '#platform/instant.ts';
import { type Page, type PageRequest, toPage } from '#platform/page.ts';
import { inTenant, queryInTenant } from '#tenancy/scope.ts';
import type { Tenant } from '#tenancy/tenant.ts';
import {
  balancesThen,
  historyThen,
  type PastAnswer,
  type PastRequest,
  pastAnswer,
  refuseLongHistory,
} from './balances-past.ts';
import type { BalanceFigures } from './entries.ts';
import { ExistingCode, Lot } from './input.ts';
import { refuseMalformed } from './name-faults.ts';
import { type BalanceSource, columnsOf, pageOfBalances } from './pages/balances.ts';
import type { Statement } from './pages/statement.ts';

export interface Balance extends BalanceFigures {
  readonly sku: string;
  readonly location: string;
  readonly lot: string | null;
}

/** A balance in the past. Holds have no history, so only the quantity on hand is known. */
export interface PastBalance {
  readonly sku: string;
  readonly location: string;
  readonly lot: string | null;
  readonly onHand: number;
  readonly version: number;
}

export const BalanceFilter = z.object({
  sku: ExistingCode.optional(),
  location: ExistingCode.optional(),
  lot: Lot,
});

/** `basis`: by the time of recording (what the books said then) or by the time of effect (what is known today about then). */
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

export interface PastItemBalance extends PastAnswer {
  readonly sku: string;
  readonly onHand: number;
  readonly locations: readonly Omit<PastBalance, 'sku'>[];
}

const current: BalanceSource = {
  from: 'inventory.balances b',
  figures: {
    onHand: 'b.on_hand',
    reserved: 'b.reserved',
    available: 'b.on_hand - b.reserved',
    version: 'b.version',
  },
  values: [],
};

function past({ asOf, basis }: PastRequest): BalanceSource {
  return {
    from: balancesThen(basis),
    figures: { onHand: 'b.on_hand', version: 'b.version' },
    values: [asOf],
  };
}

function pastHistory({ asOf, basis }: PastRequest): BalanceSource {
  // By the time of effect, the whole history counts, whatever the instant.
  return {
    from: historyThen(basis),
    figures: { movements: 'b.movements' },
    values: basis === 'recorded' ? [asOf] : [],
  };
}

/** The answer about the past that `statement` reads from a source. Nothing is added up before its length is known. */
async function readPast<Row extends pg.QueryResultRow>(
  tenant: Tenant,
  then: PastRequest,
  statement: (source: BalanceSource) => Statement,
): Promise<[PastAnswer, Row[]]> {
  return await inTenant(tenant, 'read', async (tx) => {
    const [answer, history] = await Promise.all([
      pastAnswer(tx, then),
      tx.query<{ movements: number | null }>(...statement(pastHistory(then))),
    ]);
    refuseLongHistory(history);
    return [answer, await tx.query<Row>(...statement(past(then)))];
  });
}

/**
 * The balances that match the filter, ordered by SKU, location and lot: the current ones, or with `asOf` those at that
 * instant, computed from seals and movements. A page may have fewer rows than asked for although the list goes on.
 * @throws history_too_long when the page would add up too many movements
 */
export async function listBalances(
  tenant: Tenant,
  filter: z.infer<typeof BalanceFilter>,
  asked: z.infer<typeof AsOf>,
  page: PageRequest,
): Promise<{ page: Page<Balance> } | (PastAnswer & { page: Page<PastBalance> })> {
  const then = pastRequest(asked);
  if (!then) {
    const rows = await queryInTenant<Balance>(tenant, 'read', ...pageOfBalances(current, filter, page));
    if (rows.length === 0) refuseMalformed({ sku: filter.sku, location: filter.location });
    return { page: pageOf(rows, page) };
  }
  const [answer, rows] = await readPast<PastBalance>(tenant, then, (source) =>
    pageOfBalances(source, filter, page),
  );
  if (rows.length === 0) refuseMalformed({ sku: filter.sku, location: filter.location });
  const found = pageOf(rows, page);
  return { ...answer, page: { ...found, rows: found.rows.filter(hadMovements) } };
}

/**
 * The stock of an item, named by its SKU, an alias or its id, now or at `asOf`: in total, and per location and lot.
 * @throws not_found when there is no such item; history_too_long when the answer would add up too many movements
 */
export async function itemBalance(
  tenant: Tenant,
  name: string,
  asked: z.infer<typeof AsOf>,
): Promise<ItemBalance | PastItemBalance> {
  const then = pastRequest(asked);
  if (then) {
    const [answer, rows] = await readPast<Place<PastBalance>>(tenant, then, (source) => ofItem(source, name));
    const { sku, locations: all } = itemOf(rows, name);
    const locations = all.filter(hadMovements);
    return { sku, ...answer, onHand: total(locations.map(({ onHand }) => onHand)), locations };
  }
  const rows = await queryInTenant<Place<Balance>>(tenant, 'read', ofItemNow, [name]);
  const item = itemOf(rows, name);
  return {
    ...item,
    onHand: total(item.locations.map(({ onHand }) => onHand)),
    reserved: total(item.locations.map(({ reserved }) => reserved)),
    available: total(item.locations.map(({ available }) => available)),
  };
}

/** Whether a balance was there by then. */
function hadMovements({ version }: Pick<PastBalance, 'version'>): boolean {
  return version > 0;
}

function pastRequest({ asOf, basis }: z.infer<typeof AsOf>): PastRequest | undefined {
  // In UTC, like every other time. Decimals after the milliseconds can be dropped: no movement is recorded with more.
  if (asOf !== undefined) return { asOf: new Date(asOf).toISOString(), basis: basis ?? 'recorded' };
  if (basis === undefined) return undefined;
  throw new InvalidInput('A field of the request is wrong.', [
    { field: 'basis', message: 'can be used only with asOf: add asOf, or remove basis' },
  ]);
}

/** Sorts after every code. */
const afterAllCodes = '\u{10FFFF}';

/** The row at which a page ended that is not full has no location. */
function pageOf<Row extends Balance | PastBalance>(rows: readonly Row[], { limit }: PageRequest): Page<Row> {
  const found = rows.filter(({ location }) => location !== null);
  const reached = rows.find(({ location }) => location === null);
  const listed = toPage(found, limit, ({ sku, location, lot }) => [sku, location, lot ?? '']);
  return { ...listed, next: listed.next ?? (reached && [reached.sku, afterAllCodes, '']) };
}

type Place<Row extends Balance | PastBalance> = Row & { readonly location: string | null };

const ofItemNow = `select sku, location, lot, on_hand as "onHand", reserved, available, version
  from inventory.item_balances($1)`;

function ofItem(source: BalanceSource, name: string): Statement {
  const values = [...source.values];
  const text = `select i.sku, l.code as location, nullif(b.lot, '') as lot, ${columnsOf(source)}
    from inventory.items i
    left join lateral (
      select * from ${source.from} where b.org_id = i.org_id and b.item_id = i.id offset 0
    ) b on true
    left join inventory.locations l on l.org_id = b.org_id and l.id = b.location_id
    where i.id = (select inventory.find_item($${values.push(name)}))
    order by l.code, b.lot`;
  return [text, values];
}

/** @throws not_found when there is no row; an item without movements has one row without a location */
function itemOf<Row extends { readonly sku: string; readonly location: string | null }>(
  rows: readonly Row[],
  name: string,
): { sku: string; locations: Omit<Row, 'sku'>[] } {
  const [first] = rows;
  if (!first) {
    refuseMalformed({ sku: name });
    throw new NotFound(`item ${JSON.stringify(name)}`);
  }
  const places = rows.filter(({ location }) => location !== null);
  return { sku: first.sku, locations: places.map(({ sku: _, ...place }) => place) };
}

/** Adds quantities without rounding errors: quantities of four decimals are whole numbers of ten-thousandths. */
function total(quantities: readonly number[]): number {
  return quantities.reduce((sum, quantity) => sum + Math.round(quantity * 10_000), 0) / 10_000;
}
