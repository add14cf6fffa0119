import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { expectProblem, wrongFields } from '#tests/api/problem-document.ts';
import { anInstant, doesNotFit, insufficientStock, newItem } from '#tests/ledger/answers.ts';
import { type Caller, openWorld } from '#tests/world.ts';
import { drift, held, path, reservation, reserve, stock } from './holds.ts';

const world = openWorld();
let acme: Caller;

beforeAll(async () => {
  acme = await world.createOrganization();
  for (const code of ['MAIN', 'SHOP']) await acme.location(code);
});

afterEach(async () => {
  expect(await drift(world, acme)).toEqual([]);
});

/** An item of which so much is at MAIN. */
async function stocked(quantity: number, more: object = {}): Promise<string> {
  const sku = await newItem(acme, more);
  if (quantity > 0) await acme.post('receipt', { sku, location: 'MAIN', quantity });
  return sku;
}

const inFuture = () => new Date(Date.now() + 3_600_000).toISOString();

test('a reservation is answered whole, and the same when it is read again', async () => {
  const [bolt, milk] = [await stocked(10), await newItem(acme, { tracking: 'lot' })];
  await acme.post('receipt', { sku: milk, location: 'SHOP', lot: 'L1', quantity: 2.5 });
  const expiresAt = inFuture();
  const { status, body } = await reserve(
    acme,
    [
      { sku: milk, location: 'SHOP', lot: 'L1', quantity: 0.0001 },
      { sku: bolt, location: 'MAIN', quantity: 4 },
      { sku: bolt, location: 'MAIN', quantity: 6 },
    ],
    { reference: 'CART-1', expiresAt, metadata: { basket: [1, 2] } },
  );
  expect(status).toBe(201);
  const whole = reservation(
    body,
    [
      [milk, 'SHOP', 'L1', 0.0001, 0.0001],
      [bolt, 'MAIN', null, 4, 4],
      [bolt, 'MAIN', null, 6, 6],
    ],
    { reference: 'CART-1', expiresAt, metadata: { basket: [1, 2] } },
  );
  expect(body).toEqual(whole);
  expect((await acme.request('GET', path(body.id))).body).toEqual(whole);
  expect(await stock(acme, bolt)).toEqual([10, 10, 0]);
  const { body: list } = await acme.request('GET', `/v1/balances?sku=${milk}`);
  expect(list.data).toEqual([
    {
      sku: milk,
      location: 'SHOP',
      lot: 'L1',
      onHand: 2.5,
      reserved: 0.0001,
      available: 2.4999,
      version: 1,
    },
  ]);
});

test('a hold is not available to others, and the answer to a posting shows it', async () => {
  const sku = await stocked(10);
  await held(acme, [{ sku, location: 'MAIN', quantity: 7 }]);
  for (const answer of [
    await acme.request('POST', '/v1/movements', {
      kind: 'issue',
      lines: [{ sku, location: 'MAIN', quantity: -4 }],
    }),
    await reserve(acme, [{ sku, location: 'MAIN', quantity: 4 }]),
    await acme.request('POST', '/v1/transfers', {
      from: 'MAIN',
      to: 'SHOP',
      lines: [{ sku, quantity: 4 }],
    }),
  ]) {
    expectProblem(
      answer,
      insufficientStock([{ sku, location: 'MAIN', lot: null, available: 3, requested: 4 }]),
    );
  }
  const { body } = await acme.request('POST', '/v1/movements', {
    kind: 'issue',
    lines: [{ sku, location: 'MAIN', quantity: -3 }],
  });
  expect(body.lines[0].balance).toEqual({ onHand: 7, reserved: 7, available: 0, version: 2 });
  const { body: batch } = await acme.request('POST', '/v1/movements:batch', {
    mode: 'each',
    entries: [
      { kind: 'receipt', lines: [{ sku, location: 'MAIN', quantity: 1 }] },
      { kind: 'issue', lines: [{ sku, location: 'MAIN', quantity: -2 }] },
    ],
  });
  expect(batch).toMatchObject({
    posted: 1,
    refused: 1,
    results: [
      { entry: { lines: [{ balance: { onHand: 8, reserved: 7, available: 1 } }] } },
      { problem: { code: 'insufficient_stock', lines: [{ available: 1, requested: 2 }] } },
    ],
  });
});

describe('all of the lines or nothing', () => {
  test('when one of them is short, with every line that is', async () => {
    const [some, none, enough] = [await stocked(2), await stocked(0), await stocked(9)];
    const answer = await reserve(acme, [
      { sku: enough, location: 'MAIN', quantity: 1 },
      { sku: some, location: 'MAIN', quantity: 2.0001 },
      { sku: none, location: 'SHOP', quantity: 1 },
    ]);
    expectProblem(
      answer,
      insufficientStock([
        { sku: some, location: 'MAIN', lot: null, available: 2, requested: 2.0001 },
        { sku: none, location: 'SHOP', lot: null, available: 0, requested: 1 },
      ]),
    );
    expect(await stock(acme, enough)).toEqual([9, 0, 9]);
    // A refusal leaves no balance behind where there was none.
    expect((await acme.request('GET', `/v1/balances?sku=${none}`)).body.data).toEqual([]);
  });

  test('when two lines of one item only together ask for more than there is', async () => {
    const sku = await stocked(10);
    const line = { sku, location: 'MAIN', quantity: 5.5 };
    expectProblem(
      await reserve(acme, [line, line]),
      insufficientStock([{ sku, location: 'MAIN', lot: null, available: 10, requested: 11 }]),
    );
  });
});

describe('a partial reservation', () => {
  test('holds of each line what is available, in their order, and says how much', async () => {
    const [bolt, none, debt] = [
      await stocked(10),
      await stocked(0),
      await stocked(0, { allowNegative: true }),
    ];
    const { status, body } = await reserve(
      acme,
      [
        { sku: bolt, location: 'MAIN', quantity: 4 },
        { sku: none, location: 'MAIN', quantity: 3 },
        { sku: bolt, location: 'MAIN', quantity: 8 },
        { sku: bolt, location: 'MAIN', quantity: 1 },
        { sku: debt, location: 'SHOP', quantity: 5 },
      ],
      { partial: true },
    );
    expect(status).toBe(201);
    expect(body).toEqual(
      reservation(body, [
        [bolt, 'MAIN', null, 4, 4],
        [none, 'MAIN', null, 3, 0],
        [bolt, 'MAIN', null, 8, 6],
        [bolt, 'MAIN', null, 1, 0],
        [debt, 'SHOP', null, 5, 5],
      ]),
    );
    expect(await stock(acme, bolt)).toEqual([10, 10, 0]);
    expect(await stock(acme, none)).toEqual([0, 0, 0]);
    expect(await stock(acme, debt)).toEqual([0, 5, -5]);
  });

  test('of nothing at all is refused', async () => {
    const sku = await stocked(0);
    expectProblem(
      await reserve(acme, [{ sku, location: 'MAIN', quantity: 1 }], { partial: true }),
      insufficientStock([{ sku, location: 'MAIN', lot: null, available: 0, requested: 1 }]),
    );
  });
});

test('an item that may go below zero can be reserved beyond its stock; once it may not, only its stock is issued', async () => {
  const sku = await stocked(1, { allowNegative: true });
  const id = await held(acme, [{ sku, location: 'MAIN', quantity: 5 }]);
  expect(await stock(acme, sku)).toEqual([1, 5, -4]);
  await acme.request('PATCH', `/v1/items/${sku}`, { allowNegative: false });
  expectProblem(
    await acme.request('POST', path(id, '/commit'), {}),
    insufficientStock([{ sku, location: 'MAIN', lot: null, available: 1, requested: 5 }]),
  );
  expect(await stock(acme, sku)).toEqual([1, 5, -4]);
  await acme.post('receipt', { sku, location: 'MAIN', quantity: 4 });
  expect((await acme.request('POST', path(id, '/commit'), {})).status).toBe(200);
  expect(await stock(acme, sku)).toEqual([0, 0, 0]);
});

test('items, locations and lots are found by their aliases, and answered by their codes', async () => {
  const sku = await stocked(5, { aliases: ['EAN-4711'] });
  await acme.request('PATCH', '/v1/locations/MAIN', { aliases: ['HQ'] });
  const { body } = await reserve(acme, [{ sku: 'EAN-4711', location: 'HQ', quantity: 2 }]);
  expect(body).toEqual(reservation(body, [[sku, 'MAIN', null, 2, 2]]));
  const lines = [{ sku: 'EAN-4711', location: 'HQ', quantity: 1 }];
  const { body: less } = await acme.request('POST', path(body.id, '/release'), { lines });
  expect(less.lines).toMatchObject([{ held: 1, released: 1 }]);
});

test('bad input is refused with the field, and holds nothing', async () => {
  const [sku, milk] = [await stocked(10), await newItem(acme, { tracking: 'lot' })];
  const line = { sku, location: 'MAIN', quantity: 1 };
  for (const [body, field, message] of [
    [{ lines: [] }, 'lines', 'must have at least one line'],
    [{ lines: Array(1001).fill(line) }, 'lines', 'must have at most 1000 lines: send the rest separately'],
    [{ lines: [{ ...line, quantity: -1 }] }, 'lines[0].quantity', 'must be greater than zero'],
    [{ lines: [{ ...line, quantity: 0 }] }, 'lines[0].quantity', 'must not be zero'],
    [{ lines: [{ ...line, quantity: 0.00001 }] }, 'lines[0].quantity', 'must have at most four decimals'],
    [{ lines: [{ ...line, quantity: '1' }] }, 'lines[0].quantity', 'must be a number'],
    [{ lines: [line], partial: 'yes' }, 'partial', 'must be true or false'],
    [
      { lines: [line], expiresAt: 'tomorrow' },
      'expiresAt',
      'must be an ISO 8601 time with an offset, such as 2026-03-01T09:30:00Z',
    ],
    [{ lines: [line], reference: '' }, 'reference', 'must not be empty'],
    [{ lines: [line], metadata: [] }, 'metadata', 'must be an object'],
  ] as const) {
    expectProblem(await acme.request('POST', '/v1/reservations', body), wrongFields([field, message]));
  }
  expectProblem(
    await reserve(acme, [line], { expiresAt: new Date(Date.now() - 1).toISOString() }),
    doesNotFit(['expiresAt', expect.stringMatching(/^must be in the future: it is .*Z now$/)]),
  );
  expectProblem(
    await reserve(acme, [
      { ...line, sku: 'NO-SUCH' },
      { ...line, location: 'NOWHERE' },
      { ...line, sku: milk },
      { ...line, lot: 'L1' },
    ]),
    doesNotFit(
      ['lines[0].sku', 'there is no item with the SKU "NO-SUCH"'],
      ['lines[1].location', 'there is no location with the code "NOWHERE"'],
      ['lines[2].lot', 'this item is tracked by lot: name the lot'],
      ['lines[3].lot', 'this item is not tracked by lot: leave the lot out'],
    ),
  );
  expect(await stock(acme, sku)).toEqual([10, 0, 10]);
});

test('a request that is repeated with its Idempotency-Key holds once', async () => {
  const sku = await stocked(10);
  const send = () =>
    acme.request(
      'POST',
      '/v1/reservations',
      { lines: [{ sku, location: 'MAIN', quantity: 3 }] },
      { 'idempotency-key': 'reserve-once' },
    );
  const [first, second] = [await send(), await send()];
  expect(second.body).toEqual(first.body);
  expect(second.headers.get('idempotent-replayed')).toBe('true');
  expect(await stock(acme, sku)).toEqual([10, 3, 7]);
});

test('another organization finds none of it, whatever it asks', async () => {
  const sku = await stocked(10);
  const id = await held(acme, [{ sku, location: 'MAIN', quantity: 3 }]);
  const globex = await world.createOrganization();
  const neverWas = '0197b1f2-8d20-7c41-8a36-1f0e5c9b2d77';
  for (const [method, action, body] of [
    ['GET', '', undefined],
    ['PATCH', '', { expiresAt: inFuture() }],
    ['POST', '/commit', {}],
    ['POST', '/release', {}],
  ] as const) {
    const answer = await globex.request(method, path(id, action), body);
    const never = await globex.request(method, path(neverWas, action), body);
    expect(answer.body.code).toBe('not_found');
    expectProblem(answer, { ...never.body, detail: never.body.detail.replace(neverWas, id) });
  }
  expect((await globex.request('GET', '/v1/reservations')).body.data).toEqual([]);
  expect(await stock(acme, sku)).toEqual([10, 3, 7]);
});

test('a key without the scope write reserves, extends, commits and releases nothing', async () => {
  const sku = await stocked(10);
  const id = await held(acme, [{ sku, location: 'MAIN', quantity: 3 }]);
  const { body: key } = await acme.request('POST', '/v1/api-keys', { name: 'reader', scopes: ['read'] });
  const reader = { authorization: `Bearer ${key.secret ?? key.apiKey ?? key.key}` };
  for (const [method, where, body] of [
    ['POST', '/v1/reservations', { lines: [{ sku, location: 'MAIN', quantity: 1 }] }],
    ['PATCH', path(id), { expiresAt: null }],
    ['POST', path(id, '/commit'), {}],
    ['POST', path(id, '/release'), {}],
  ] as const) {
    expect(await world.request(method, where, body, reader)).toMatchObject({
      status: 403,
      body: { code: 'insufficient_scope' },
    });
  }
  expect(await world.request('GET', path(id), undefined, reader)).toMatchObject({
    status: 200,
    body: { createdAt: anInstant },
  });
});

test('an item and a location that a reservation names cannot be deleted', async () => {
  const sku = await newItem(acme, { allowNegative: true });
  await acme.location('NOOK');
  await held(acme, [{ sku, location: 'NOOK', quantity: 1 }]);
  for (const where of [`/v1/items/${sku}`, '/v1/locations/NOOK']) {
    expect(await acme.request('DELETE', where)).toMatchObject({ status: 409, body: { code: 'in_use' } });
  }
});
