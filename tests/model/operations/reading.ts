import fc from 'fast-check';
import { codeAt, skuAt } from './catalog.ts';
import {
  type Draw,
  index,
  instant,
  instantOf,
  lots,
  maybe,
  pathOf,
  pick,
  pickNewest,
  rarely,
} from './draw.ts';

/** Small ones, so that lists have several parts. */
const limit = maybe(fc.integer({ min: 1, max: 3 }), 2);

const past = fc.record({
  asOf: maybe(instant, 2),
  basis: maybe(fc.constantFrom('recorded', 'effective'), 2),
  isLone: rarely(8),
});

type Past = typeof past extends fc.Arbitrary<infer T> ? T : never;

/** A basis goes with an instant; alone it is refused. */
function pastOf({ asOf, basis, isLone }: Past, own: Parameters<Draw>[0]) {
  return { asOf: instantOf(asOf, own), basis: asOf || isLone ? basis : undefined };
}

export const listCatalog: fc.Arbitrary<Draw> = fc
  .record({ resource: fc.constantFrom('items', 'locations'), limit })
  .map(({ resource, limit }) => () => ({ method: 'GET', path: pathOf([resource], { limit }) }));

export const listBalances: fc.Arbitrary<Draw> = fc
  .record({
    sku: maybe(index, 3),
    location: maybe(index, 3),
    lot: maybe(fc.constantFrom(...lots, ''), 3),
    past,
    limit,
  })
  .map(({ sku, location, lot, past, limit }) => (own, other) => ({
    method: 'GET',
    path: pathOf(['balances'], {
      sku: sku === undefined ? undefined : skuAt(sku === 59 ? other : own, sku),
      location: location === undefined ? undefined : codeAt(own, location),
      lot,
      ...pastOf(past, own),
      limit,
    }),
  }));

export const showItemBalance: fc.Arbitrary<Draw> = fc
  .record({ at: index, isStray: rarely(10), past })
  .map(({ at, isStray, past }) => (own, other) => ({
    method: 'GET',
    path: pathOf(['items', skuAt(isStray ? other : own, at), 'balance'], pastOf(past, own)),
  }));

export const listMovements: fc.Arbitrary<Draw> = fc
  .record({
    sku: maybe(index, 3),
    location: maybe(index, 3),
    kind: maybe(fc.constantFrom('receipt', 'issue', 'transfer', 'reversal', 'adjustment', 'count'), 3),
    since: maybe(instant, 3),
    until: maybe(instant, 3),
    limit,
  })
  .map(({ sku, location, kind, since, until, limit }) => (own) => ({
    method: 'GET',
    path: pathOf(['movements'], {
      sku: sku === undefined ? undefined : skuAt(own, sku),
      location: location === undefined ? undefined : codeAt(own, location),
      kind,
      since: instantOf(since && { ...since, of: 'recordedAt' }, own),
      until: instantOf(until && { ...until, of: 'recordedAt' }, own),
      limit,
    }),
  }));

/** Goes on with a list from where it was left, whatever has happened since; now and then from where the other one was. */
export const goOn: fc.Arbitrary<Draw> = fc
  .record({ at: index, isStray: rarely(10) })
  .map(({ at, isStray }) => (own, other) => {
    const list = pick((isStray ? other : own).open, at);
    if (!list) return undefined;
    const path = list.path.replace(/[?&]cursor=[^&]*/, '');
    return {
      method: 'GET',
      path: `${path}${path.includes('?') ? '&' : '?'}cursor=${encodeURIComponent(list.cursor)}`,
    };
  });

export const showEntry: fc.Arbitrary<Draw> = fc
  .record({ at: index, isStray: rarely(4) })
  .map(({ at, isStray }) => (own, other) => {
    const entry = pickNewest((isStray ? other : own).ledger.entries, at);
    return entry && { method: 'GET', path: pathOf(['entries', entry.id]) };
  });
