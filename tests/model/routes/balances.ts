import { type Balance, type Basis, isSame, placeOf, showFigures, showKey } from '../model.ts';
import { sum, toNumber } from '../quantity.ts';
import { invalid } from '../refusal.ts';
import type { Asked, Routes } from '../request.ts';
import { itemOf } from './catalog.ts';
import { listed } from './paging.ts';

/** What there is, and with `asOf` what there was. */
export const balanceRoutes: Routes = {
  'GET /v1/balances': (asked) => {
    const { ledger, query } = asked;
    const past = pastOf(asked);
    // A page of the past also counts balances that came later, and leaves them out.
    const found = ledger
      .balances()
      .filter(
        ({ item, location, lot }) =>
          (query.sku === undefined || asked.ledger.item(query.sku) === item) &&
          (query.location === undefined || asked.ledger.location(query.location) === location) &&
          (query.lot ?? lot) === lot,
      );
    const then = past ? ledger.balances(past) : found;
    const thenOf = (key: Balance) => then.find((balance) => isSame(balance, key));
    const { status, body } = listed(asked, found, placeOf, (key) => {
      const balance = thenOf(key);
      return balance ? { ...showKey(balance), ...figures(balance, past !== undefined) } : undefined;
    });
    return { status, body: { ...(body as object), ...shown(asked, past) } };
  },
  'GET /v1/items/{code}/balance': (asked) => {
    const past = pastOf(asked);
    const { sku } = itemOf(asked);
    const found = asked.ledger.balances(past).filter(({ item }) => item.sku === sku);
    const onHand = toNumber(sum(found.map((balance) => balance.onHand)));
    const locations = found.map((balance) => {
      const { sku: _, ...place } = showKey(balance);
      return { ...place, ...figures(balance, past !== undefined) };
    });
    const held = sum(found.map(({ reserved }) => reserved));
    const totals = past
      ? { onHand }
      : {
          onHand,
          reserved: toNumber(held),
          available: toNumber(sum(found.map((balance) => balance.onHand)) - held),
        };
    return { status: 200, body: { sku, ...shown(asked, past), ...totals, locations } };
  },
};

interface Past {
  readonly asOf: string;
  readonly basis: Basis;
}

function pastOf({ query: { asOf, basis } }: Asked): Past | undefined {
  if (asOf !== undefined)
    return { asOf: new Date(asOf).toISOString(), basis: (basis as Basis) ?? 'recorded' };
  if (basis !== undefined) throw invalid('basis');
  return undefined;
}

/** How an answer about the past says of when it is. Only what was recorded is ever settled: effects can come late. */
function shown({ ledger }: Asked, past: Past | undefined) {
  if (!past) return {};
  const { asOf, basis } = past;
  const sealed = basis === 'recorded' && ledger.settledThrough !== null && asOf <= ledger.settledThrough;
  return { asOf, basis, sealed };
}

/** Of the past only what was on hand is known. */
function figures(balance: Balance, isPast: boolean) {
  const { onHand, version } = showFigures(balance);
  return isPast ? { onHand, version } : showFigures(balance);
}
