import { beforeAll, describe, expect, test } from 'vitest';
import { expectProblem, wrongFields } from '#tests/api/problem-document.ts';
import { type Caller, openWorld } from '#tests/world.ts';
import { anInstant, balancesOf, doesNotFit, newItem, type PostedLine, postedEntry } from './answers.ts';

const world = openWorld();
let acme: Caller;

beforeAll(async () => {
  acme = await world.createOrganization();
  for (const code of ['MAIN', 'SHOP']) await acme.location(code);
});

const post = (body: object) => acme.request('POST', '/v1/movements', body);

describe('the whole answer of one line', () => {
  test.each([
    ['receipt', 2.5],
    ['return', 0.0001],
    ['issue', -3],
    ['adjustment', 4],
    ['adjustment', -4.25],
    ['opening', 7],
    ['opening', -7],
  ])('of kind %s, quantity %d', async (kind, quantity) => {
    const sku = await newItem(acme, { allowNegative: true });
    const first = await post({ kind, lines: [{ sku, location: 'MAIN', quantity }] });
    expect(first.status).toBe(201);
    expect(first.body).toEqual(postedEntry(first.body, kind, [[sku, 'MAIN', null, quantity, quantity, 1]]));
    const second = await post({ kind, lines: [{ sku, location: 'MAIN', quantity }] });
    expect(second.body).toEqual(
      postedEntry(second.body, kind, [[sku, 'MAIN', null, quantity, 2 * quantity, 2]]),
    );
  });

  test('of a transfer that is posted as two lines', async () => {
    const sku = await newItem(acme);
    await acme.post('receipt', { sku, location: 'MAIN', quantity: 10 });
    const { status, body } = await post({
      kind: 'transfer',
      lines: [
        { sku, location: 'SHOP', quantity: 4 },
        { sku, location: 'MAIN', quantity: -4 },
      ],
    });
    expect(status).toBe(201);
    expect(body).toEqual(
      postedEntry(body, 'transfer', [
        [sku, 'SHOP', null, 4, 4, 1],
        [sku, 'MAIN', null, -4, 6, 2],
      ]),
    );
  });
});

test('lines are answered in the order they were sent, each with its own item, location, lot and balance', async () => {
  const [plain, other, milk] = [
    await newItem(acme),
    await newItem(acme),
    await newItem(acme, { tracking: 'lot' }),
  ];
  await acme.post('receipt', { sku: plain, location: 'SHOP', quantity: 100 });
  const lines: PostedLine[] = [
    [other, 'SHOP', null, 1, 1, 1],
    [milk, 'MAIN', 'L2', 2, 2, 1],
    [plain, 'SHOP', null, 3, 103, 2],
    [milk, 'MAIN', 'L1', 4, 4, 1],
    [milk, 'SHOP', 'L2', 5, 5, 1],
    [plain, 'MAIN', null, 6, 6, 1],
  ];
  const { body } = await post({
    kind: 'receipt',
    lines: lines.map(([sku, location, lot, quantity]) => ({
      sku,
      location,
      quantity,
      ...(lot === null ? {} : { lot }),
    })),
  });
  expect(body).toEqual(postedEntry(body, 'receipt', lines));
});

test('two lines of one item, location and lot both show the balance after both, and count as two movements', async () => {
  const [sku, milk] = [await newItem(acme), await newItem(acme, { tracking: 'lot' })];
  await acme.post('receipt', { sku, location: 'MAIN', quantity: 10 });
  const { body } = await post({
    kind: 'adjustment',
    lines: [
      { sku, location: 'MAIN', quantity: 5 },
      { sku: milk, location: 'MAIN', lot: 'A', quantity: 1 },
      { sku, location: 'MAIN', quantity: -2 },
      { sku: milk, location: 'MAIN', lot: 'A', quantity: 0.5 },
    ],
  });
  expect(body).toEqual(
    postedEntry(body, 'adjustment', [
      [sku, 'MAIN', null, 5, 13, 3],
      [milk, 'MAIN', 'A', 1, 1.5, 2],
      [sku, 'MAIN', null, -2, 13, 3],
      [milk, 'MAIN', 'A', 0.5, 1.5, 2],
    ]),
  );
  expect(await balancesOf(acme, sku)).toEqual([['MAIN', null, 13, 3]]);
});

test('the answer shows reserved stock, which is not available', async () => {
  const sku = await newItem(acme);
  await acme.post('receipt', { sku, location: 'MAIN', quantity: 10 });
  await (await world.superuser()).query(
    'update inventory.balances set reserved = 3.5 from inventory.items i where i.id = item_id and i.sku = $1',
    [sku],
  );
  const { body } = await acme.post('issue', { sku, location: 'MAIN', quantity: -1 });
  expect(body.lines[0].balance).toEqual({ onHand: 9, reserved: 3.5, available: 5.5, version: 2 });
});

describe('a line of an item without lots', () => {
  test.each([
    ['left out', {}],
    ['empty', { lot: '' }],
  ])('may have its lot %s, and shows null', async (_, lot) => {
    const sku = await newItem(acme);
    const { status, body } = await post({
      kind: 'receipt',
      lines: [{ sku, location: 'MAIN', quantity: 1, ...lot }],
    });
    expect(status).toBe(201);
    expect(body).toEqual(postedEntry(body, 'receipt', [[sku, 'MAIN', null, 1, 1, 1]]));
  });
});

describe('the reference and the times of an entry', () => {
  test('a reference is answered as it was sent, at its longest too', async () => {
    const sku = await newItem(acme);
    for (const reference of ['PO-1 / ärtikel "7"', 'x'.repeat(200)]) {
      const { body } = await post({
        kind: 'receipt',
        reference,
        lines: [{ sku, location: 'MAIN', quantity: 1 }],
      });
      expect(body).toMatchObject({ kind: 'receipt', reference });
    }
  });

  test.each([
    ['in UTC', '2026-03-01T09:30:00Z', '2026-03-01T09:30:00.000Z'],
    ['with an offset to the east', '2026-03-01T00:30:00.120+02:00', '2026-02-28T22:30:00.120Z'],
    ['with an offset to the west', '2026-02-28T20:00:00.007-05:30', '2026-03-01T01:30:00.007Z'],
    ['to the millisecond', '2024-02-29T23:59:59.999Z', '2024-02-29T23:59:59.999Z'],
    ['with more digits than a millisecond has', '2026-03-01T09:30:00.1234Z', '2026-03-01T09:30:00.123Z'],
    ['at the first instant that is taken', '1900-01-01T00:00:00Z', '1900-01-01T00:00:00.000Z'],
  ])('a time %s is answered in UTC to the millisecond', async (_, occurredAt, answered) => {
    const sku = await newItem(acme);
    const { status, body } = await post({
      kind: 'receipt',
      occurredAt,
      lines: [{ sku, location: 'MAIN', quantity: 1 }],
    });
    expect(status).toBe(201);
    expect(body).toEqual(
      postedEntry(body, 'receipt', [[sku, 'MAIN', null, 1, 1, 1]], { occurredAt: answered }),
    );
    const rows = await acme.request('GET', `/v1/movements?sku=${sku}`);
    expect(rows.body.data[0]).toMatchObject({ occurredAt: answered, recordedAt: body.recordedAt });
  });

  test('a time of effect is at most a minute ahead, for every way to post', async () => {
    const sku = await newItem(acme);
    const line = { sku, location: 'MAIN', quantity: 1 };
    const at = (ms: number) => new Date(Date.now() + ms).toISOString();
    const ahead = [
      'occurredAt',
      expect.stringMatching(/^is more than a minute ahead: it is .*Z now$/),
    ] as const;
    const occurredAt = at(90_000);
    expectProblem(await post({ kind: 'receipt', occurredAt, lines: [line] }), doesNotFit(ahead));
    expect(await balancesOf(acme, sku)).toEqual([]);
    expect((await post({ kind: 'receipt', occurredAt: at(30_000), lines: [line] })).status).toBe(201);
    const transfer = { from: 'MAIN', to: 'SHOP', occurredAt, lines: [{ sku, quantity: 1 }] };
    expectProblem(await acme.request('POST', '/v1/transfers', transfer), doesNotFit(ahead));
    const { body } = await acme.request('POST', '/v1/movements:batch', {
      mode: 'each',
      entries: [
        { kind: 'receipt', occurredAt: at(30_000), lines: [line] },
        { kind: 'receipt', occurredAt, lines: [line] },
      ],
    });
    expect(body).toMatchObject({ posted: 1, refused: 1 });
    expect(body.results[1].problem.errors).toEqual([{ field: ahead[0], message: ahead[1] }]);
    const held = await acme.request('POST', '/v1/reservations', { lines: [line] });
    const path = `/v1/reservations/${held.body.id}/commit`;
    expectProblem(await acme.request('POST', path, { occurredAt }), doesNotFit(ahead));
    expect((await acme.request('POST', path, { occurredAt: at(30_000) })).status).toBe(200);
    expect(await balancesOf(acme, sku)).toEqual([['MAIN', null, 1, 3]]);
  });

  test('the time of recording is now, and without another the time of effect is the same', async () => {
    const sku = await newItem(acme);
    const before = Date.now();
    const { body } = await acme.post('receipt', { sku, location: 'MAIN', quantity: 1 });
    // The database rounds to the millisecond.
    const after = Date.now() + 1;
    expect(body).toMatchObject({ recordedAt: anInstant, occurredAt: body.recordedAt });
    expect(Date.parse(body.recordedAt)).toBeGreaterThanOrEqual(before);
    expect(Date.parse(body.recordedAt)).toBeLessThanOrEqual(after);
  });
});

describe('an entry of many lines', () => {
  test('of 1,000 lines is posted, each movement numbered', async () => {
    const sku = await newItem(acme);
    const { status, body } = await post({
      kind: 'receipt',
      lines: Array.from({ length: 1_000 }, () => ({ sku, location: 'MAIN', quantity: 0.0001 })),
    });
    expect(status).toBe(201);
    expect(body).toEqual(
      postedEntry(
        body,
        'receipt',
        Array.from({ length: 1_000 }, (): PostedLine => [sku, 'MAIN', null, 0.0001, 0.1, 1_000]),
      ),
    );
  });

  test('of 1,001 lines is refused whole', async () => {
    const sku = await newItem(acme);
    const answer = await post({
      kind: 'receipt',
      lines: Array.from({ length: 1_001 }, () => ({ sku, location: 'MAIN', quantity: 1 })),
    });
    expectProblem(answer, wrongFields(['lines', 'must have at most 1000 lines: send the rest separately']));
    expect(await balancesOf(acme, sku)).toEqual([]);
  });
});
