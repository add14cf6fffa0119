import type { Item, Ledger, Location } from '../model.ts';
import { notFound, Refused } from '../refusal.ts';
import type { Asked, Routes } from '../request.ts';
import { listed } from './paging.ts';

/** Items and locations: created, shown, listed by their code, changed, and deleted until they have been moved. */
export const catalogRoutes: Routes = {
  'POST /v1/items': ({ ledger, body, witness }) => {
    refuseTaken((name) => ledger.item(name), body.sku, body.aliases ?? []);
    const item = {
      id: witness.id('id'),
      aliases: [],
      unit: 'each',
      tracking: 'none',
      allowNegative: false,
      reorderPoint: null,
      metadata: {},
      ...body,
      ...created(witness),
    } as Item;
    item.aliases = inOrder(item.aliases);
    ledger.items.push(item);
    return { status: 201, body: { ...item } };
  },
  'GET /v1/items': (asked) => listed(asked, sorted(asked.ledger.items, skuOf), (item) => [skuOf(item)], show),
  'GET /v1/items/{code}': (asked) => ({ status: 200, body: show(itemOf(asked)) }),
  'PATCH /v1/items/{code}': (asked) => {
    const item = itemOf(asked);
    return change(asked, item, asked.body.sku ?? item.sku, (name) => asked.ledger.item(name));
  },
  'DELETE /v1/items/{code}': (asked) => {
    const item = itemOf(asked);
    return remove(asked.ledger, asked.ledger.items, item, 'item');
  },

  'POST /v1/locations': ({ ledger, body, witness }) => {
    refuseTaken((name) => ledger.location(name), body.code, body.aliases ?? []);
    const own = { id: witness.id('id'), aliases: [], kind: 'warehouse' };
    const location = { ...own, ...body, ...created(witness) } as Location;
    location.aliases = inOrder(location.aliases);
    ledger.locations.push(location);
    return { status: 201, body: { ...location } };
  },
  'GET /v1/locations': (asked) =>
    listed(asked, sorted(asked.ledger.locations, codeOf), (location) => [codeOf(location)], show),
  'GET /v1/locations/{code}': (asked) => ({ status: 200, body: show(locationOf(asked)) }),
  'PATCH /v1/locations/{code}': (asked) => {
    const location = locationOf(asked);
    return change(asked, location, asked.body.code ?? location.code, (name) => asked.ledger.location(name));
  },
  'DELETE /v1/locations/{code}': (asked) => {
    const location = locationOf(asked);
    return remove(asked.ledger, asked.ledger.locations, location, 'location');
  },
};

const skuOf = ({ sku }: Item) => sku;
const codeOf = ({ code }: Location) => code;
const show = <Row extends object>(row: Row) => ({ ...row });

function sorted<Row>(rows: readonly Row[], nameOf: (row: Row) => string): Row[] {
  return [...rows].sort((one, other) => (nameOf(one) < nameOf(other) ? -1 : 1));
}

function created(witness: Asked['witness']) {
  const createdAt = witness.time('createdAt');
  return { createdAt, updatedAt: createdAt };
}

/** The item that a path names. */
export function itemOf({ ledger, named }: Asked): Item {
  const item = ledger.item(named);
  if (!item) throw notFound();
  return item;
}

function locationOf({ ledger, named }: Asked): Location {
  const location = ledger.location(named);
  if (!location) throw notFound();
  return location;
}

type Finder = (name: unknown) => Item | Location | undefined;

/** No code names two, and no code is its own alias. `own` may have any of them already. */
function refuseTaken(find: Finder, code: unknown, aliases: readonly string[], own?: Item | Location): void {
  const holders = [code, ...aliases].map(find);
  if (aliases.includes(code as string) || holders.some((holder) => holder && holder !== own))
    throw new Refused(409, 'already_exists');
}

/** Changes the fields that are sent. An alias that becomes the code is an alias no longer. */
function change({ body, witness }: Asked, row: Item | Location, code: string, find: Finder) {
  refuseTaken(find, code, body.aliases ?? [], row);
  const aliases = inOrder(body.aliases ?? row.aliases.filter((alias) => alias !== code));
  Object.assign(row, body, { aliases, updatedAt: witness.time('updatedAt') });
  return { status: 200, body: { ...row } };
}

function inOrder(aliases: readonly string[]): string[] {
  return [...aliases].sort();
}

function remove<Row extends Item | Location>(
  ledger: Ledger,
  rows: Row[],
  row: Row,
  side: 'item' | 'location',
) {
  const lines = [...ledger.movements(), ...ledger.reservations.flatMap((reservation) => reservation.lines)];
  if (lines.some((line) => line[side] === row)) throw new Refused(409, 'in_use');
  rows.splice(rows.indexOf(row), 1);
  return { status: 204 };
}
