import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { expectProblem, type Refusal } from '#tests/api/problem-document.ts';
import { anInstant, newItem, postedEntry } from '#tests/ledger/answers.ts';
import { type Caller, openWorld } from '#tests/world.ts';
import { closed, drift, held, letExpire, path, reservation, reserve, stock } from './holds.ts';

const world = openWorld();
let acme: Caller;

beforeAll(async () => {
  acme = await world.createOrganization();
  for (const code of ['MAIN', 'SHOP']) await acme.location(code);
});

afterEach(async () => {
  expect(await drift(world, acme)).toEqual([]);
});

async function stocked(quantity: number, more: object = {}): Promise<string> {
  const sku = await newItem(acme, more);
  await acme.post('receipt', { sku, location: 'MAIN', quantity });
  return sku;
}

const commit = (id: string, body: object = {}) => acme.request('POST', path(id, '/commit'), body);
const release = (id: string, body: object = {}) => acme.request('POST', path(id, '/release'), body);

const isClosed = (state: string): Refusal => ({
  status: 409,
  code: 'reservation_closed',
  detail: `The reservation is not open any more: it is ${state}. Reserve again if you still need the stock.`,
  state,
});

describe('a commit', () => {
  test('issues all that is held, in one entry with the reference and metadata of the reservation', async () => {
    const [bolt, nut] = [await stocked(10), await stocked(2.5)];
    const id = await held(
      acme,
      [
        { sku: bolt, location: 'MAIN', quantity: 4 },
        { sku: nut, location: 'MAIN', quantity: 2.5 },
      ],
      { reference: 'ORDER-7', metadata: { channel: 'web' } },
    );
    const { status, body } = await commit(id);
    expect(status).toBe(200);
    const { entry, ...rest } = body;
    expect(rest).toEqual(
      reservation(
        body,
        [
          [bolt, 'MAIN', null, 4, 0, 4],
          [nut, 'MAIN', null, 2.5, 0, 2.5],
        ],
        closed('committed', {
          reference: 'ORDER-7',
          metadata: { channel: 'web' },
          entries: [entry.entryId],
        }),
      ),
    );
    expect(entry).toEqual(
      postedEntry(
        entry,
        'issue',
        [
          [bolt, 'MAIN', null, -4, 6, 2],
          [nut, 'MAIN', null, -2.5, 0, 2],
        ],
        { reference: 'ORDER-7' },
      ),
    );
    expect((await acme.request('GET', `/v1/entries/${entry.entryId}`)).body.metadata).toEqual({
      channel: 'web',
    });
    expect([await stock(acme, bolt), await stock(acme, nut)]).toEqual([
      [6, 0, 6],
      [0, 0, 0],
    ]);
    expect((await acme.request('GET', path(id))).body).toEqual(rest);
  });

  test('of a part leaves the rest held, takes lines of one item in their order, and may say when and what for', async () => {
    const sku = await stocked(10);
    const id = await held(acme, [
      { sku, location: 'MAIN', quantity: 3 },
      { sku, location: 'MAIN', quantity: 3 },
    ]);
    const { body: first } = await commit(id, {
      reference: 'PART-1',
      occurredAt: '2026-01-02T03:04:05.000Z',
      metadata: { box: 1 },
      lines: [
        { sku, location: 'MAIN', quantity: 1.5 },
        { sku, location: 'MAIN', quantity: 2.5 },
      ],
    });
    expect(first).toMatchObject({
      state: 'open',
      closedAt: null,
      lines: [
        { held: 0, committed: 3 },
        { held: 2, committed: 1 },
      ],
      entry: {
        reference: 'PART-1',
        occurredAt: '2026-01-02T03:04:05.000Z',
        lines: [{ quantity: -3 }, { quantity: -1, balance: { onHand: 6, reserved: 2, available: 4 } }],
      },
    });
    expect(await stock(acme, sku)).toEqual([6, 2, 4]);
    const { body: second } = await commit(id);
    expect(second).toMatchObject({
      state: 'committed',
      entries: [first.entry.entryId, second.entry.entryId],
      lines: [
        { held: 0, committed: 3 },
        { held: 0, committed: 3 },
      ],
    });
    expect(await stock(acme, sku)).toEqual([4, 0, 4]);
  });

  test('of more than is held is refused with every balance, and changes nothing', async () => {
    const [bolt, nut] = [await stocked(10), await stocked(10)];
    const id = await held(acme, [
      { sku: bolt, location: 'MAIN', quantity: 3 },
      { sku: nut, location: 'MAIN', quantity: 3 },
    ]);
    const beyond: Refusal = {
      status: 409,
      code: 'exceeds_reservation',
      detail: 'The reservation does not hold that much; nothing was changed. See "lines".',
      lines: [
        { sku: bolt, location: 'MAIN', lot: null, held: 3, requested: 3.0001 },
        { sku: bolt, location: 'SHOP', lot: null, held: 0, requested: 1 },
      ],
    };
    const lines = [
      { sku: bolt, location: 'MAIN', quantity: 3 },
      { sku: nut, location: 'MAIN', quantity: 3 },
      { sku: bolt, location: 'MAIN', quantity: 0.0001 },
      { sku: bolt, location: 'SHOP', quantity: 1 },
    ];
    expectProblem(await commit(id, { lines }), beyond);
    expectProblem(await release(id, { lines }), beyond);
    expect(await stock(acme, bolt)).toEqual([10, 3, 7]);
  });

  test('that is repeated with its Idempotency-Key issues once', async () => {
    const sku = await stocked(10);
    const id = await held(acme, [{ sku, location: 'MAIN', quantity: 3 }]);
    const send = () => acme.request('POST', path(id, '/commit'), {}, { 'idempotency-key': `commit-${id}` });
    const [first, second] = [await send(), await send()];
    expect(second.body).toEqual(first.body);
    expect(await stock(acme, sku)).toEqual([7, 0, 7]);
  });
});

describe('a release', () => {
  test('gives all of it back, and then a part of nothing', async () => {
    const sku = await stocked(10);
    const id = await held(acme, [{ sku, location: 'MAIN', quantity: 4 }]);
    const { status, body } = await release(id);
    expect(status).toBe(200);
    expect(body).toEqual(reservation(body, [[sku, 'MAIN', null, 4, 0, 0, 4]], closed('released')));
    expect(await stock(acme, sku)).toEqual([10, 0, 10]);
    expectProblem(await release(id), isClosed('released'));
  });

  test('of a part, and a commit of the rest, close it as committed', async () => {
    const sku = await stocked(10);
    const id = await held(acme, [{ sku, location: 'MAIN', quantity: 4 }]);
    const { body } = await release(id, { lines: [{ sku, location: 'MAIN', quantity: 1 }] });
    expect(body).toEqual(reservation(body, [[sku, 'MAIN', null, 4, 3, 0, 1]]));
    expect(await stock(acme, sku)).toEqual([10, 3, 7]);
    expect((await commit(id)).body).toMatchObject({
      state: 'committed',
      lines: [{ held: 0, committed: 3, released: 1 }],
    });
    expect(await stock(acme, sku)).toEqual([7, 0, 7]);
  });
});

test('a reservation that is closed cannot be changed any more, and its refusal says how it ended', async () => {
  const sku = await stocked(10);
  const line = { sku, location: 'MAIN', quantity: 1 };
  const [committed, released, expired] = [
    await held(acme, [line]),
    await held(acme, [line]),
    await held(acme, [line]),
  ];
  await commit(committed);
  await release(released);
  await letExpire(world, expired);
  for (const [id, state] of [
    [committed, 'committed'],
    [released, 'released'],
    [expired, 'expired'],
  ] as const) {
    expectProblem(await commit(id), isClosed(state));
    expectProblem(await release(id), isClosed(state));
    expectProblem(await acme.request('PATCH', path(id), { expiresAt: null }), isClosed(state));
  }
  expect(await stock(acme, sku)).toEqual([9, 0, 9]);
});

test('an open reservation can expire later, earlier or never', async () => {
  const sku = await stocked(10);
  const at = (ms: number) => new Date(Date.now() + ms).toISOString();
  const id = await held(acme, [{ sku, location: 'MAIN', quantity: 1 }], { expiresAt: at(60_000) });
  for (const expiresAt of [at(3_600_000), at(30_000), null]) {
    const { status, body } = await acme.request('PATCH', path(id), { expiresAt });
    expect([status, body]).toEqual([200, reservation(body, [[sku, 'MAIN', null, 1, 1]], { expiresAt })]);
  }
  const past = await acme.request('PATCH', path(id), { expiresAt: at(-1) });
  expect(past).toMatchObject({ status: 422, body: { errors: [{ field: 'expiresAt' }] } });
  expect((await acme.request('GET', path(id))).body.expiresAt).toBe(null);
});

test('an adjustment may not take held stock', async () => {
  const sku = await stocked(10);
  const id = await held(acme, [{ sku, location: 'MAIN', quantity: 8 }]);
  expect(
    await acme.request('POST', '/v1/movements', {
      kind: 'adjustment',
      lines: [{ sku, location: 'MAIN', quantity: -3 }],
    }),
  ).toMatchObject({ status: 409, body: { lines: [{ available: 2, requested: 3 }] } });
  expect((await commit(id)).body.entry.lines).toMatchObject([{ balance: { onHand: 2, reserved: 0 } }]);
});

test('the reversal of an issue does not bring the hold back', async () => {
  const sku = await stocked(10);
  const id = await held(acme, [{ sku, location: 'MAIN', quantity: 4 }]);
  const { body } = await commit(id);
  await acme.request('POST', `/v1/entries/${body.entry.entryId}/reversal`, {});
  expect(await stock(acme, sku)).toEqual([10, 0, 10]);
  expect((await acme.request('GET', path(id))).body).toMatchObject({
    state: 'committed',
    closedAt: anInstant,
  });
});

test('a thousand lines are held, committed in part and released', async () => {
  const skus = [await stocked(1_000), await stocked(1_000)];
  const lines = Array.from({ length: 1_000 }, (_, index) => ({
    sku: skus[index % 2],
    location: 'MAIN',
    quantity: 1,
  }));
  const { status, body } = await reserve(acme, lines);
  expect([status, body.lines.length]).toEqual([201, 1_000]);
  expect((await commit(body.id, { lines: lines.slice(0, 500) })).body.entry.lines).toHaveLength(500);
  expect((await release(body.id)).body.state).toBe('committed');
  expect([await stock(acme, skus[0] as string), await stock(acme, skus[1] as string)]).toEqual([
    [750, 0, 750],
    [750, 0, 750],
  ]);
});
