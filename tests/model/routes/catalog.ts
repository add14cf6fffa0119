import type { Item, Ledger, Location } from '../model.ts';
import { notFound, Refused } from '../refusal.ts';
import type { Asked, Routes } from '../request.ts';
import { listed } from './paging.ts';

/** Items and locations: created, shown, listed by their code, changed, and deleted until they have been moved. */
export const catalogRoutes: Routes = {
  'POST /v1/items': ({ ledger, body, witness }) => {
    if (ledger.item(body.sku)) throw new Refused(409, 'already_exists');
    const item = {
      id: witness.id('id'),
      unit: 'each',
      tracking: 'none',
      allowNegative: false,
      reorderPoint: null,
      metadata: {},
      ...body,
      ...created(witness),
    } as Item;
    ledger.items.push(item);
    return { status: 201, body: { ...item } };
  },
  'GET /v1/items': (asked) => listed(asked, sorted(asked.ledger.items, skuOf), (item) => [skuOf(item)], show),
  'GET /v1/items/{code}': (asked) => ({ status: 200, body: show(itemOf(asked)) }),
  'PATCH /v1/items/{code}': (asked) => change(asked, itemOf(asked), asked.ledger.item(asked.body.sku)),
  'DELETE /v1/items/{code}': (asked) => {
    const item = itemOf(asked);
    return remove(asked.ledger, asked.ledger.items, item, 'item');
  },

  'POST /v1/locations': ({ ledger, body, witness }) => {
    if (ledger.location(body.code)) throw new Refused(409, 'already_exists');
    const location = { id: witness.id('id'), kind: 'warehouse', ...body, ...created(witness) } as Location;
    ledger.locations.push(location);
    return { status: 201, body: { ...location } };
  },
  'GET /v1/locations': (asked) =>
    listed(asked, sorted(asked.ledger.locations, codeOf), (location) => [codeOf(location)], show),
  'GET /v1/locations/{code}': (asked) => ({ status: 200, body: show(locationOf(asked)) }),
  'PATCH /v1/locations/{code}': (asked) =>
    change(asked, locationOf(asked), asked.ledger.location(asked.body.code)),
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

/** Changes the fields that are sent. `taken` is who has the new name already. */
function change({ body, witness }: Asked, row: Item | Location, taken: Item | Location | undefined) {
  if (taken && taken !== row) throw new Refused(409, 'already_exists');
  Object.assign(row, body, { updatedAt: witness.time('updatedAt') });
  return { status: 200, body: { ...row } };
}

function remove<Row extends Item | Location>(
  ledger: Ledger,
  rows: Row[],
  row: Row,
  side: 'item' | 'location',
) {
  if (ledger.movements().some((movement) => movement[side] === row)) throw new Refused(409, 'in_use');
  rows.splice(rows.indexOf(row), 1);
  return { status: 204 };
}
