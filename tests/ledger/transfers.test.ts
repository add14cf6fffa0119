import { beforeAll, describe, expect, test } from 'vitest';
import { expectProblem, wrongFields } from '#tests/api/problem-document.ts';
import { type Caller, openWorld } from '#tests/world.ts';
import {
  balancesOf,
  doesNotFit,
  insufficientStock,
  newItem,
  type PostedLine,
  postedEntry,
  staleBalance,
} from './answers.ts';

const world = openWorld();
let acme: Caller;

beforeAll(async () => {
  acme = await world.createOrganization();
  for (const code of ['MAIN', 'SHOP']) await acme.location(code);
});

const transfer = (body: object, headers = {}) =>
  acme.request('POST', '/v1/transfers', { from: 'MAIN', to: 'SHOP', ...body }, headers);

async function stocked(quantity: number, more: object = {}): Promise<string> {
  const sku = await newItem(acme, more);
  const lot = 'tracking' in more ? { lot: 'L1' } : {};
  await acme.post('receipt', { sku, location: 'MAIN', quantity, ...lot });
  return sku;
}

test('each line leaves one place and arrives at the other, and nothing is lost', async () => {
  const [sku, milk] = [await stocked(10.5), await stocked(3, { tracking: 'lot' })];
  const { status, body } = await transfer({
    reference: 'TR-1',
    lines: [
      { sku, quantity: 4.25 },
      { sku: milk, lot: 'L1', quantity: 3 },
      { sku, quantity: 0.0001 },
    ],
  });
  expect(status).toBe(201);
  expect(body).toEqual(
    postedEntry(
      body,
      'transfer',
      [
        [sku, 'MAIN', null, -4.25, 6.2499, 3],
        [sku, 'SHOP', null, 4.25, 4.2501, 2],
        [milk, 'MAIN', 'L1', -3, 0, 2],
        [milk, 'SHOP', 'L1', 3, 3, 1],
        [sku, 'MAIN', null, -0.0001, 6.2499, 3],
        [sku, 'SHOP', null, 0.0001, 4.2501, 2],
      ],
      { reference: 'TR-1' },
    ),
  );
  expect([await acme.onHand(sku), await acme.onHand(milk)]).toEqual([10.5, 3]);
  expect(await balancesOf(acme, milk)).toEqual([
    ['MAIN', 'L1', 0, 2],
    ['SHOP', 'L1', 3, 1],
  ]);
});

test('a transfer can go the other way', async () => {
  const sku = await newItem(acme);
  await acme.post('receipt', { sku, location: 'SHOP', quantity: 2 });
  const { body } = await transfer({ from: 'SHOP', to: 'MAIN', lines: [{ sku, quantity: 2 }] });
  expect(body).toEqual(
    postedEntry(body, 'transfer', [
      [sku, 'SHOP', null, -2, 0, 2],
      [sku, 'MAIN', null, 2, 2, 1],
    ]),
  );
});

test('what is not there cannot leave, line by line of what is short', async () => {
  const [sku, other, enough] = [await stocked(1), await newItem(acme), await stocked(5)];
  const answer = await transfer({
    lines: [
      { sku: other, quantity: 2 },
      { sku: enough, quantity: 5 },
      { sku, quantity: 1 },
      { sku, quantity: 0.0001 },
    ],
  });
  expectProblem(
    answer,
    insufficientStock([
      { sku, location: 'MAIN', lot: null, available: 1, requested: 1.0001 },
      { sku: other, location: 'MAIN', lot: null, available: 0, requested: 2 },
    ]),
  );
  expect(await balancesOf(acme, enough)).toEqual([['MAIN', null, 5, 1]]);
});

test('under an Idempotency-Key a transfer moves stock once', async () => {
  const sku = await stocked(5);
  const key = { 'idempotency-key': `transfer-${sku}` };
  const first = await transfer({ lines: [{ sku, quantity: 2 }] }, key);
  const second = await transfer({ lines: [{ sku, quantity: 2 }] }, key);
  expect([first.status, second.status, second.headers.get('idempotent-replayed')]).toEqual([
    201,
    201,
    'true',
  ]);
  expect(second.body).toEqual(first.body);
  expect(await balancesOf(acme, sku)).toEqual([
    ['MAIN', null, 3, 2],
    ['SHOP', null, 2, 1],
  ]);
});

test('a transfer has a time of effect and metadata, like every entry', async () => {
  const sku = await stocked(5);
  const more = { reference: 'TR-2', occurredAt: '2026-03-01T09:30:00.000Z' };
  const metadata = { van: 7 };
  const { body } = await transfer({ ...more, metadata, lines: [{ sku, quantity: 2 }] });
  const moved: PostedLine[] = [
    [sku, 'MAIN', null, -2, 3, 2],
    [sku, 'SHOP', null, 2, 2, 1],
  ];
  expect(body).toEqual(postedEntry(body, 'transfer', moved, more));
  const kept = await acme.request('GET', `/v1/entries/${body.entryId}`);
  expect(kept.body).toMatchObject({ ...more, metadata });
});

test('a dry run of a transfer answers 200 with what would be posted, and moves nothing', async () => {
  const sku = await stocked(5);
  const { status, body } = await transfer({ dryRun: true, lines: [{ sku, quantity: 2 }] });
  expect(status).toBe(200);
  const moved: PostedLine[] = [
    [sku, 'MAIN', null, -2, 3, 2],
    [sku, 'SHOP', null, 2, 2, 1],
  ];
  expect(body).toEqual(postedEntry(body, 'transfer', moved, { dryRun: true }));
  expect(await balancesOf(acme, sku)).toEqual([['MAIN', null, 5, 1]]);
  const short = await transfer({ dryRun: true, lines: [{ sku, quantity: 6 }] });
  const line = { sku, location: 'MAIN', lot: null, available: 5, requested: 6 };
  expectProblem(short, insufficientStock([line]));
});

test('the expected version of a line is that of the balance it takes from', async () => {
  const sku = await stocked(5);
  for (const expectedVersion of [0, 2]) {
    const refused = await transfer({ lines: [{ sku, quantity: 1, expectedVersion }] });
    expectProblem(refused, staleBalance([{ sku, location: 'MAIN', lot: null, expectedVersion, version: 1 }]));
  }
  expect((await transfer({ lines: [{ sku, quantity: 1, expectedVersion: 1 }] })).status).toBe(201);
  expect(await balancesOf(acme, sku)).toEqual([
    ['MAIN', null, 4, 2],
    ['SHOP', null, 1, 1],
  ]);
});

describe('a transfer is refused, and the field named as it was sent', () => {
  const line = { sku: 'ANY', quantity: 1 };
  const message = 'is not a field here: check its spelling or leave it out';
  const anInstantMessage = 'must be an ISO 8601 time with an offset, such as 2026-03-01T09:30:00Z';

  test.each<[string, object, readonly [field: string, message: string]]>([
    ['to where it comes from', { to: 'MAIN' }, ['to', 'must be another location than "from"']],
    ['without lines', { lines: [] }, ['lines', 'must have at least one line']],
    ['of nothing', { lines: [line, { ...line, quantity: 0 }] }, ['lines[1].quantity', 'must not be zero']],
    ['backwards', { lines: [{ ...line, quantity: -1 }] }, ['lines[0].quantity', 'must be greater than zero']],
    ['without "from"', { from: undefined }, ['from', 'is missing']],
    ['without "to"', { to: undefined }, ['to', 'is missing']],
    ['with a kind', { kind: 'transfer' }, ['kind', message]],
    ['with a time that is none', { occurredAt: 'today' }, ['occurredAt', anInstantMessage]],
    ['with metadata that is none', { metadata: [] }, ['metadata', 'must be an object']],
    ['with a location of a line', { lines: [{ ...line, location: 'MAIN' }] }, ['lines[0].location', message]],
    [
      'with a version that is none',
      { lines: [{ ...line, expectedVersion: -1 }] },
      ['lines[0].expectedVersion', 'must not be negative'],
    ],
  ])('%s', async (_, change, error) => {
    const answer = await transfer({ lines: [line], ...change });
    expectProblem(answer, wrongFields(error));
  });

  test('whatever of it does not exist or does not fit', async () => {
    const [plain, milk] = [await stocked(1), await stocked(1, { tracking: 'lot' })];
    const answer = await transfer({
      lines: [
        { sku: plain, quantity: 1 },
        { sku: 'NONE', quantity: 1 },
        { sku: milk, quantity: 1 },
        { sku: plain, lot: 'L1', quantity: 1 },
      ],
    });
    expectProblem(
      answer,
      doesNotFit(
        ['lines[1].sku', 'there is no item with the SKU "NONE"'],
        ['lines[2].lot', 'this item is tracked by lot: name the lot'],
        ['lines[3].lot', 'this item is not tracked by lot: leave the lot out'],
      ),
    );
  });

  test.each(['from', 'to'])('a place "%s" that does not exist', async (field) => {
    const sku = await stocked(2);
    const answer = await transfer({
      [field]: 'NOWHERE',
      lines: [
        { sku, quantity: 1 },
        { sku, quantity: 1 },
      ],
    });
    expectProblem(answer, doesNotFit([field, 'there is no location with the code "NOWHERE"']));
    expect(await balancesOf(acme, sku)).toEqual([['MAIN', null, 2, 1]]);
  });
});

describe('the lines of a transfer', () => {
  const many = (sku: string, length: number) => Array.from({ length }, () => ({ sku, quantity: 0.01 }));

  test('are 500 at most: they become 1,000 movements', async () => {
    const sku = await stocked(5);
    const { status, body } = await transfer({ lines: many(sku, 500) });
    expect(status).toBe(201);
    expect(body).toEqual(
      postedEntry(
        body,
        'transfer',
        Array.from(
          { length: 1_000 },
          (_, n): PostedLine =>
            n % 2 ? [sku, 'SHOP', null, 0.01, 5, 500] : [sku, 'MAIN', null, -0.01, 0, 501],
        ),
      ),
    );
  });

  test('are refused when they are 501', async () => {
    const answer = await transfer({ lines: many('ANY', 501) });
    expectProblem(answer, wrongFields(['lines', 'must have at most 500 lines: each becomes two movements']));
  });
});
