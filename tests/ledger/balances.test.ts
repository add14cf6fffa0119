import { beforeAll, describe, expect, test } from 'vitest';
import { expectProblem, notFound, wrongFields } from '#tests/api/problem-document.ts';
import { wrongCursor } from '#tests/api/refusals.ts';
import { type Caller, openWorld } from '#tests/world.ts';

const world = openWorld();
let acme: Caller;

beforeAll(async () => {
  acme = await world.createOrganization();
  await acme.item('NEVER');
  await acme.item('MILK', { tracking: 'lot' });
  await acme.item('DEBT', { allowNegative: true });
  await acme.item('BOLT');
  for (const code of ['WEST', 'MAIN', 'SHOP']) await acme.location(code);
  await acme.post(
    'receipt',
    { sku: 'MILK', location: 'SHOP', lot: 'L2', quantity: 4 },
    { sku: 'MILK', location: 'SHOP', lot: 'L1', quantity: 0.1 },
    { sku: 'MILK', location: 'MAIN', lot: 'L10', quantity: 0.2 },
    { sku: 'MILK', location: 'MAIN', lot: 'L2', quantity: 0.0001 },
    { sku: 'BOLT', location: 'WEST', quantity: 0.7 },
    { sku: 'BOLT', location: 'MAIN', quantity: 0.1 },
    { sku: 'BOLT', location: 'MAIN', quantity: 0.2 },
  );
  await acme.post('issue', { sku: 'DEBT', location: 'WEST', quantity: -2.5 });
  await acme.post('issue', { sku: 'MILK', location: 'SHOP', lot: 'L2', quantity: -4 });
  await acme.request('POST', '/v1/reservations', {
    lines: [{ sku: 'BOLT', location: 'WEST', quantity: 0.1 }],
  });
  const globex = await world.createOrganization();
  await globex.item('BOLT');
  await globex.location('MAIN');
  await globex.post('receipt', { sku: 'BOLT', location: 'MAIN', quantity: 99 });
});

const row = (
  sku: string,
  location: string,
  lot: string | null,
  onHand: number,
  version: number,
  reserved = 0,
  available = onHand,
) => ({ sku, location, lot, onHand, reserved, available, version });

/** By SKU, location and lot. */
const all = [
  row('BOLT', 'MAIN', null, 0.3, 2),
  row('BOLT', 'WEST', null, 0.7, 1, 0.1, 0.6),
  row('DEBT', 'WEST', null, -2.5, 1),
  row('MILK', 'MAIN', 'L10', 0.2, 1),
  row('MILK', 'MAIN', 'L2', 0.0001, 1),
  row('MILK', 'SHOP', 'L1', 0.1, 1),
  row('MILK', 'SHOP', 'L2', 0, 2),
];

const list = (query: Record<string, string>) =>
  acme.request('GET', `/v1/balances?${new URLSearchParams(query)}`);

type Balance = (typeof all)[number];

const filters: [name: string, query: Record<string, string>, passes: (row: Balance) => boolean, n: number][] =
  [
    ['no filter', {}, () => true, 7],
    ['an item', { sku: 'MILK' }, ({ sku }) => sku === 'MILK', 4],
    ['a location', { location: 'WEST' }, ({ location }) => location === 'WEST', 2],
    ['a lot', { lot: 'L2' }, ({ lot }) => lot === 'L2', 2],
    ['no lot', { lot: '' }, ({ lot }) => lot === null, 3],
    [
      'an item and a location',
      { sku: 'MILK', location: 'SHOP' },
      ({ sku, location }) => sku === 'MILK' && location === 'SHOP',
      2,
    ],
    [
      'a location and a lot',
      { location: 'MAIN', lot: 'L2' },
      ({ location, lot }) => location === 'MAIN' && lot === 'L2',
      1,
    ],
    ['an item and no lot', { sku: 'BOLT', lot: '' }, ({ sku }) => sku === 'BOLT', 2],
    [
      'all three',
      { sku: 'MILK', location: 'SHOP', lot: 'L1' },
      ({ location, lot }) => location === 'SHOP' && lot === 'L1',
      1,
    ],
    ['an item that never moved', { sku: 'NEVER' }, () => false, 0],
    ['an item that is not there', { sku: 'NONE' }, () => false, 0],
    ['a SKU in other letters', { sku: 'milk' }, () => false, 0],
    ['a location that is not there', { location: 'NONE' }, () => false, 0],
    ['a lot that is not there', { lot: 'L' }, () => false, 0],
  ];

describe.each(filters)('balances by %s', (_, query, passes, count) => {
  test('are exactly those that pass, whole, by SKU, location and lot', async () => {
    const { status, body } = await list(query);
    expect(status).toBe(200);
    expect(body).toEqual({ data: all.filter(passes), nextCursor: null });
    expect(body.data).toHaveLength(count);
  });

  test.each([1, 2, 3])('%d at a time, none is left out or shown twice', async (limit) => {
    const rows: Balance[] = [];
    const sizes: number[] = [];
    let cursor: Record<string, string> = {};
    // A list that has no end must not keep the test from one.
    while (sizes.length <= all.length) {
      const { body } = await list({ ...query, limit: String(limit), ...cursor });
      rows.push(...body.data);
      sizes.push(body.data.length);
      if (body.nextCursor === null) break;
      cursor = { cursor: body.nextCursor };
    }
    expect(rows).toEqual(all.filter(passes));
    expect(sizes).toEqual(
      Array.from({ length: Math.ceil(count / limit) || 1 }, (_, n) => Math.min(limit, count - n * limit)),
    );
  });
});

test.each([
  [
    'basis without asOf',
    { basis: 'recorded' },
    'basis',
    'can be used only with asOf: add asOf, or remove basis',
  ],
  [
    'a basis that is none',
    { asOf: '2026-01-01T00:00:00Z', basis: 'x' },
    'basis',
    'must be one of "recorded", "effective"',
  ],
  [
    'an instant without an offset',
    { asOf: '2026-01-01T00:00:00' },
    'asOf',
    'must be an ISO 8601 time with an offset, such as 2026-03-01T09:30:00Z',
  ],
  [
    'an unknown parameter',
    { kind: 'receipt' },
    'kind',
    'is not a field here: check its spelling or leave it out',
  ],
])('%s is refused of balances and of the balance of an item', async (_, query, field, message) => {
  const search = new URLSearchParams(query as Record<string, string>);
  for (const path of ['/v1/balances', '/v1/items/BOLT/balance']) {
    const answer = await acme.request('GET', `${path}?${search}`);
    expectProblem(answer, wrongFields([field, message]));
  }
});

describe('the balance of an item', () => {
  const ofItem = (sku: string) => acme.request('GET', `/v1/items/${sku}/balance`);
  const places = (sku: string) =>
    all.filter((balance) => balance.sku === sku).map(({ sku: _, ...place }) => place);

  test.each([
    ['of one that may lie anywhere', 'BOLT', 1, 0.1, 0.9],
    ['of one with lots, exact where binary fractions are not', 'MILK', 0.3001, 0, 0.3001],
    ['of one below zero', 'DEBT', -2.5, 0, -2.5],
    ['of one that never moved', 'NEVER', 0, 0, 0],
  ])('%s is its totals and each place, by location and lot', async (_, sku, onHand, reserved, available) => {
    const { status, body } = await ofItem(sku);
    expect(status).toBe(200);
    expect(body).toEqual({ sku, onHand, reserved, available, locations: places(sku) });
  });

  test.each([
    '/v1/items/NONE/balance',
    '/v1/items/NONE/balance?asOf=2026-01-01T00:00:00Z',
    '/v1/items/NONE/balance?asOf=2026-01-01T00:00:00Z&basis=effective',
  ])('%s is 404: there is no such item', async (path) => {
    const answer = await acme.request('GET', path);
    expectProblem(answer, notFound('item "NONE"'));
  });

  test('is that of the caller’s organization, although others have the SKU', async () => {
    expect((await ofItem('BOLT')).body.onHand).toBe(1);
  });
});

test.each([
  ['that is none', 'nonsense'],
  ['of another list', Buffer.from('["BOLT","MAIN"]').toString('base64url')],
  ['without an item', Buffer.from('["","MAIN",""]').toString('base64url')],
])('a cursor %s is refused', async (_, cursor) => {
  const answer = await list({ cursor });
  expectProblem(answer, wrongCursor);
});
