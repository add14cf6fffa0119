import * as z from 'zod';
import { InvalidInput, NotFound } from '#platform/errors.ts';
import { Instant } from '#platform/instant.ts';
import { type Page, type PageRequest, toPage } from '#platform/page.ts';
import { callInTenant, listInTenant } from '#tenancy/scope.ts';
import type { Tenant } from '#tenancy/tenant.ts';
import { refuseMalformed } from './codes/name-faults.ts';
import type { BalanceFigures } from './entries.ts';
import { ExistingCode, Lot } from './input.ts';

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

/** The properties of an answer about the past. */
export interface PastAnswer {
  readonly asOf: string;
  readonly basis: 'recorded' | 'effective';
  /** Whether the history of this answer is sealed. Then the answer never changes. */
  readonly sealed: boolean;
}

export interface PastItemBalance extends PastAnswer {
  readonly sku: string;
  readonly onHand: number;
  readonly locations: readonly Omit<PastBalance, 'sku'>[];
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
  const { limit, after } = page;
  const [afterSku, afterCode, afterLot] = after ?? [];
  const afterLocation = afterCode === afterAllLocations ? undefined : afterCode;
  const range = [
    limit + 1,
    ...[afterSku, afterLocation, afterLot, filter.sku, filter.location, filter.lot].map(
      (value) => value ?? null,
    ),
  ];
  if (!then) {
    const rows = await listInTenant<Balance | Reached>(tenant, 'inventory.list_balances', range, {
      rows: limit,
    });
    if (rows.length === 0) refuseMalformed({ sku: filter.sku, location: filter.location });
    const found = rows.filter((row) => row.location !== null);
    return { page: pageOf(found, rows.find(({ location }) => location === null)?.sku, page) };
  }
  const { rows, reached, sealed } = await callInTenant<{
    readonly rows: readonly PastBalance[];
    readonly reached: string | null;
    readonly sealed: boolean;
  }>(tenant, 'read', 'inventory.list_balances_then', [then.asOf, then.basis, ...range], { rows: limit });
  if (rows.length === 0) refuseMalformed({ sku: filter.sku, location: filter.location });
  const found = pageOf(rows, reached ?? undefined, page);
  return { ...then, sealed, page: { ...found, rows: found.rows.filter(hadMovements) } };
}

/** The last row of a list that goes on although its page is not full: it ends at this SKU. */
interface Reached {
  readonly sku: string;
  readonly location: null;
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
    const past = await callInTenant<{
      readonly sku: string;
      readonly sealed: boolean;
      readonly rows: readonly PastBalance[];
    } | null>(tenant, 'read', 'inventory.item_balances_then', [then.asOf, then.basis, name]);
    if (!past) throw noItem(name);
    const locations = past.rows.filter(hadMovements).map(({ sku: _, ...place }) => place);
    return {
      sku: past.sku,
      ...then,
      sealed: past.sealed,
      onHand: total(locations.map(({ onHand }) => onHand)),
      locations,
    };
  }
  const rows = await listInTenant<Balance | Reached>(tenant, 'inventory.item_balances', [name]);
  const [first] = rows;
  if (!first) throw noItem(name);
  const found = rows.filter((row) => row.location !== null);
  const locations = found.map(({ sku: _, ...place }) => place);
  return {
    sku: first.sku,
    locations,
    onHand: total(locations.map(({ onHand }) => onHand)),
    reserved: total(locations.map(({ reserved }) => reserved)),
    available: total(locations.map(({ available }) => available)),
  };
}

function noItem(name: string): NotFound {
  refuseMalformed({ sku: name });
  return new NotFound(`item ${JSON.stringify(name)}`);
}

/** Whether a balance was there by then. */
function hadMovements({ version }: Pick<PastBalance, 'version'>): boolean {
  return version > 0;
}

function pastRequest({ asOf, basis }: z.infer<typeof AsOf>): Pick<PastAnswer, 'asOf' | 'basis'> | undefined {
  // In UTC, like every other time. Decimals after the milliseconds can be dropped: no movement is recorded with more.
  if (asOf !== undefined) return { asOf: new Date(asOf).toISOString(), basis: basis ?? 'recorded' };
  if (basis === undefined) return undefined;
  throw new InvalidInput('A field of the request is wrong.', [
    { field: 'basis', message: 'can be used only with asOf: add asOf, or remove basis' },
  ]);
}

/** In a cursor, in place of a location: the page goes on after all balances of its SKU. No location has this code. */
const afterAllLocations = '\u{10FFFF}';

/** `reached` is the SKU at which a page ended that is not full. */
function pageOf<Row extends Balance | PastBalance>(
  rows: readonly Row[],
  reached: string | undefined,
  { limit }: PageRequest,
): Page<Row> {
  const listed = toPage(rows, limit, ({ sku, location, lot }) => [sku, location, lot ?? '']);
  return {
    ...listed,
    next: listed.next ?? (reached === undefined ? undefined : [reached, afterAllLocations, '']),
  };
}

/** Adds quantities without rounding errors: quantities of four decimals are whole numbers of ten-thousandths. */
function total(quantities: readonly number[]): number {
  return quantities.reduce((sum, quantity) => sum + Math.round(quantity * 10_000), 0) / 10_000;
}
