import { beforeAll, expect, test } from 'vitest';
import { routeKey, routes } from '#functions/routes.ts';
import { type Caller, openWorld } from '#tests/world.ts';

const world = openWorld();
let acme: Caller;
let ids: Record<string, string>;

const line = { sku: 'BOLT', location: 'MAIN', quantity: 1 };

beforeAll(async () => {
  acme = await world.createOrganization();
  await acme.item('BOLT');
  await acme.item('SPARE');
  await acme.location('MAIN');
  await acme.location('SHOP');
  await acme.location('SPARE');
  const receipt = async () =>
    (await acme.post('receipt', { sku: 'BOLT', location: 'MAIN', quantity: 5 })).body.entryId;
  const key = async () =>
    (await acme.request('POST', '/v1/api-keys', { name: 'Till', scopes: ['read'] })).body.id;
  const hold = async () =>
    (await acme.request('POST', '/v1/reservations', { lines: [{ ...line, quantity: 0.5 }] })).body.id;
  ids = {
    entry: await receipt(),
    reversed: await receipt(),
    held: await hold(),
    committed: await hold(),
    released: await hold(),
    revoked: await key(),
    rotated: await key(),
  };
});

/**
 * A plain request of each route, which no other one needs or spoils, and its status; `{x}` is an id made before. Those
 * without a body of their own have none.
 */
const requests: Readonly<Record<string, readonly [status: number, path: string, body?: object]>> = {
  'POST /v1/items': [201, '/v1/items', { sku: 'NUT', name: 'Nut' }],
  'GET /v1/items': [200, '/v1/items'],
  'GET /v1/items/{sku}': [200, '/v1/items/BOLT'],
  'PATCH /v1/items/{sku}': [200, '/v1/items/BOLT', { name: 'Bolt' }],
  'DELETE /v1/items/{sku}': [204, '/v1/items/SPARE'],
  'GET /v1/items/{sku}/balance': [200, '/v1/items/BOLT/balance'],
  'GET /v1/balances': [200, '/v1/balances'],
  'POST /v1/locations': [201, '/v1/locations', { code: 'YARD', name: 'Yard' }],
  'GET /v1/locations': [200, '/v1/locations'],
  'GET /v1/locations/{code}': [200, '/v1/locations/MAIN'],
  'PATCH /v1/locations/{code}': [200, '/v1/locations/MAIN', { name: 'Main' }],
  'DELETE /v1/locations/{code}': [204, '/v1/locations/SPARE'],
  'POST /v1/movements': [201, '/v1/movements', { kind: 'receipt', lines: [line] }],
  'GET /v1/movements': [200, '/v1/movements'],
  'POST /v1/movements:batch': [
    200,
    '/v1/movements:batch',
    { mode: 'each', entries: [{ kind: 'receipt', lines: [line] }] },
  ],
  'POST /v1/transfers': [
    201,
    '/v1/transfers',
    { from: 'MAIN', to: 'SHOP', lines: [{ sku: 'BOLT', quantity: 1 }] },
  ],
  'GET /v1/entries/{id}': [200, '/v1/entries/{entry}'],
  'POST /v1/entries/{id}/reversal': [201, '/v1/entries/{reversed}/reversal', {}],
  'POST /v1/reservations': [201, '/v1/reservations', { lines: [{ ...line, quantity: 0.5 }] }],
  'GET /v1/reservations': [200, '/v1/reservations'],
  'GET /v1/reservations/{id}': [200, '/v1/reservations/{held}'],
  'PATCH /v1/reservations/{id}': [200, '/v1/reservations/{held}', { expiresAt: null }],
  'POST /v1/reservations/{id}/commit': [200, '/v1/reservations/{committed}/commit', {}],
  'POST /v1/reservations/{id}/release': [200, '/v1/reservations/{released}/release', {}],
  'GET /v1/reconciliations': [200, '/v1/reconciliations'],
  'GET /v1/seals': [200, '/v1/seals'],
  // It is not sealed.
  'GET /v1/movements/{id}/proof': [409, '/v1/movements/{entry}.1/proof'],
  'GET /v1/organization': [200, '/v1/organization'],
  'POST /v1/api-keys': [201, '/v1/api-keys', { name: 'Other', scopes: ['read'] }],
  'GET /v1/api-keys': [200, '/v1/api-keys'],
  'DELETE /v1/api-keys/{id}': [204, '/v1/api-keys/{revoked}'],
  'POST /v1/api-keys/{id}/rotation': [201, '/v1/api-keys/{rotated}/rotation', {}],
  'GET /v1/users': [200, '/v1/users'],
};

/** Asks once, and answers how many round trips that took. */
async function roundTripsOf(
  expected: number,
  method: string,
  path: string,
  body?: object,
  headers = {},
): Promise<number[]> {
  world.wire.forget();
  const target = path.replace(/\{(\w+)\}/, (_, name) => ids[name] ?? '');
  const { status } = await acme.request(method, target, body, headers);
  expect(status).toBe(expected);
  return world.wire.exchanges().map(({ roundTrips }) => roundTrips);
}

test.each(
  routes
    .filter(({ scope, path }) => scope !== 'none' && !path.startsWith('/platform/'))
    .map((route) => [routeKey(route), route] as const),
)('%s is one round trip', async (key, { method }) => {
  const request = requests[key];
  if (!request) throw new Error(`say in ${import.meta.filename} how ${key} is asked`);
  const [status, path, body] = request;
  expect(await roundTripsOf(status, method, path, body)).toEqual([1]);
});

test('a POST under an Idempotency-Key is one round trip, its replay as well', async () => {
  const post = () =>
    roundTripsOf(
      201,
      'POST',
      '/v1/movements',
      { kind: 'receipt', lines: [line] },
      { 'idempotency-key': 'one' },
    );
  expect([await post(), await post()]).toEqual([[1], [1]]);
});

test('a dry run, a refusal by the database and one before it are one round trip each', async () => {
  const issue = { kind: 'issue', lines: [{ ...line, quantity: -99 }] };
  expect(
    await roundTripsOf(200, 'POST', '/v1/movements', { kind: 'receipt', dryRun: true, lines: [line] }),
  ).toEqual([1]);
  expect(await roundTripsOf(409, 'POST', '/v1/movements', issue)).toEqual([1]);
  expect(await roundTripsOf(400, 'POST', '/v1/movements', { kind: 'gift' })).toEqual([1]);
});

test('what needs no organization asks the database nothing; /ready asks it whether it can write', async () => {
  for (const path of ['/health', '/openapi.json', '/docs'])
    expect(await roundTripsOf(200, 'GET', path)).toEqual([]);
  expect(await roundTripsOf(200, 'GET', '/ready')).toEqual([1]);
  expect(world.wire.exchanges()).toMatchObject([{ statements: ['select tenancy.assert_can_write()'] }]);
});
