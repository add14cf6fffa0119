import { beforeAll, describe, expect, test } from 'vitest';
import { expectProblem, idempotencyMismatch, wrongFields } from '#tests/api/problem-document.ts';
import { type Answer, type Caller, openWorld } from '#tests/world.ts';
import { balancesOf, insufficientStock, newItem, outOfRange, postedEntry } from './answers.ts';

const world = openWorld();
let acme: Caller;

beforeAll(async () => {
  acme = await world.createOrganization();
  for (const code of ['MAIN', 'SHOP']) await acme.location(code);
});

const alreadyReversed = {
  status: 409,
  code: 'already_reversed',
  detail: 'The entry is already reversed.',
};
const reverse = (entry: Answer, body: unknown = {}, headers = {}) =>
  acme.request('POST', `/v1/entries/${entry.body.entryId}/reversal`, body, headers);

test('a reversal posts the opposite of every line in its order, and answers the balances it left', async () => {
  const [plain, milk] = [await newItem(acme), await newItem(acme, { tracking: 'lot' })];
  const entry = await acme.post(
    'receipt',
    { sku: milk, location: 'SHOP', lot: 'L2', quantity: 2.5 },
    { sku: plain, location: 'MAIN', quantity: 7 },
    { sku: milk, location: 'MAIN', lot: 'L1', quantity: 0.0001 },
    { sku: plain, location: 'MAIN', quantity: 1 },
    { sku: plain, location: 'SHOP', quantity: 3 },
  );
  await acme.post('receipt', { sku: plain, location: 'MAIN', quantity: 5 });
  const { status, body } = await reverse(entry);
  expect(status).toBe(201);
  expect(body).toEqual(
    postedEntry(
      body,
      'reversal',
      [
        [milk, 'SHOP', 'L2', -2.5, 0, 2],
        [plain, 'MAIN', null, -7, 5, 5],
        [milk, 'MAIN', 'L1', -0.0001, 0, 2],
        [plain, 'MAIN', null, -1, 5, 5],
        [plain, 'SHOP', null, -3, 0, 2],
      ],
      { reverses: entry.body.entryId },
    ),
  );
  expect(await balancesOf(acme, plain)).toEqual([
    ['MAIN', null, 5, 5],
    ['SHOP', null, 0, 2],
  ]);
});

test.each([
  ['receipt', 4],
  ['return', 4],
  ['issue', -4],
  ['adjustment', -4],
  ['opening', 4],
])('a %s can be reversed', async (kind, quantity) => {
  const sku = await newItem(acme);
  await acme.post('receipt', { sku, location: 'MAIN', quantity: 10 });
  const entry = await acme.post(kind, { sku, location: 'MAIN', quantity });
  const { body } = await reverse(entry);
  expect(body).toEqual(
    postedEntry(body, 'reversal', [[sku, 'MAIN', null, -quantity, 10, 3]], { reverses: entry.body.entryId }),
  );
});

test('a transfer can be reversed: it goes back', async () => {
  const sku = await newItem(acme);
  await acme.post('receipt', { sku, location: 'MAIN', quantity: 10 });
  const entry = await acme.request('POST', '/v1/transfers', {
    from: 'MAIN',
    to: 'SHOP',
    lines: [{ sku, quantity: 4 }],
  });
  const { body } = await reverse(entry);
  expect(body).toEqual(
    postedEntry(
      body,
      'reversal',
      [
        [sku, 'MAIN', null, 4, 10, 3],
        [sku, 'SHOP', null, -4, 0, 2],
      ],
      { reverses: entry.body.entryId },
    ),
  );
});

test('a reversal takes effect now, whenever the entry did, under a reference of its own', async () => {
  const sku = await newItem(acme);
  const entry = await acme.request('POST', '/v1/movements', {
    kind: 'receipt',
    reference: 'PO-1',
    occurredAt: '2020-01-01T00:00:00Z',
    metadata: { old: true },
    lines: [{ sku, location: 'MAIN', quantity: 1 }],
  });
  const { body } = await reverse(entry, { reference: 'UNDO-1' });
  expect(body).toEqual(
    postedEntry(body, 'reversal', [[sku, 'MAIN', null, -1, 0, 2]], {
      reference: 'UNDO-1',
      reverses: entry.body.entryId,
    }),
  );
  expect((await acme.request('GET', `/v1/entries/${body.entryId}`)).body.metadata).toEqual({});
});

test('an entry is reversed once', async () => {
  const sku = await newItem(acme);
  await acme.post('receipt', { sku, location: 'MAIN', quantity: 10 });
  const entry = await acme.post('receipt', { sku, location: 'MAIN', quantity: 1 });
  await reverse(entry);
  const answer = await reverse(entry, { reference: 'again' });
  expectProblem(answer, alreadyReversed);
  expect(await balancesOf(acme, sku)).toEqual([['MAIN', null, 10, 3]]);
});

test('of several reversals of one entry at once, one is posted', async () => {
  const sku = await newItem(acme);
  await acme.post('receipt', { sku, location: 'MAIN', quantity: 10 });
  const entry = await acme.post('receipt', { sku, location: 'MAIN', quantity: 1 });
  const answers = await Promise.all(Array.from({ length: 4 }, () => reverse(entry)));
  const refused = answers.filter(({ status }) => status !== 201);
  expect(answers.length - refused.length).toBe(1);
  for (const answer of refused) expectProblem(answer, alreadyReversed);
  expect(await balancesOf(acme, sku)).toEqual([['MAIN', null, 10, 3]]);
});

test('a reversal cannot be reversed', async () => {
  const sku = await newItem(acme);
  const undone = await reverse(await acme.post('receipt', { sku, location: 'MAIN', quantity: 1 }));
  const answer = await reverse(undone);
  expectProblem(answer, {
    status: 409,
    code: 'not_reversible',
    detail: 'A reversal cannot be reversed: post the entry again.',
  });
  expect(await balancesOf(acme, sku)).toEqual([['MAIN', null, 0, 2]]);
});

test('stock that is gone cannot be taken back, and the entry stays as it is until it can', async () => {
  const [sku, kept] = [await newItem(acme), await newItem(acme)];
  const entry = await acme.post(
    'receipt',
    { sku: kept, location: 'MAIN', quantity: 1 },
    { sku, location: 'SHOP', quantity: 2 },
    { sku, location: 'MAIN', quantity: 5 },
  );
  await acme.post(
    'issue',
    { sku, location: 'MAIN', quantity: -0.0001 },
    { sku, location: 'SHOP', quantity: -2 },
  );
  const refused = await reverse(entry);
  expectProblem(
    refused,
    insufficientStock([
      { sku, location: 'MAIN', lot: null, available: 4.9999, requested: 5 },
      { sku, location: 'SHOP', lot: null, available: 0, requested: 2 },
    ]),
  );
  expect(await balancesOf(acme, kept)).toEqual([['MAIN', null, 1, 1]]);
  const { body } = await acme.request('GET', `/v1/entries/${entry.body.entryId}`);
  expect(body.reversedBy).toBeNull();
  await acme.post(
    'return',
    { sku, location: 'MAIN', quantity: 0.0001 },
    { sku, location: 'SHOP', quantity: 2 },
  );
  expect((await reverse(entry)).status).toBe(201);
});

test('a balance that would leave its fifteen digits is refused', async () => {
  const sku = await newItem(acme);
  const most = 99_999_999_999.9999;
  await acme.post('receipt', { sku, location: 'MAIN', quantity: most });
  const entry = await acme.post('issue', { sku, location: 'MAIN', quantity: -1 });
  await acme.post('receipt', { sku, location: 'MAIN', quantity: 1 });
  const answer = await reverse(entry);
  expectProblem(answer, outOfRange);
});

describe('under an Idempotency-Key', () => {
  test('a reversal that is sent again is answered as it was', async () => {
    const sku = await newItem(acme);
    const entry = await acme.post('receipt', { sku, location: 'MAIN', quantity: 1 });
    const key = { 'idempotency-key': `undo-${sku}` };
    const first = await reverse(entry, { reference: 'R' }, key);
    const second = await reverse(entry, { reference: 'R' }, key);
    expect([first.status, first.headers.get('idempotent-replayed')]).toEqual([201, null]);
    expect([second.status, second.headers.get('idempotent-replayed')]).toEqual([201, 'true']);
    expect(second.body).toEqual(first.body);
    expect(await balancesOf(acme, sku)).toEqual([['MAIN', null, 0, 2]]);
  });

  test('the reversal of another entry is another request', async () => {
    const sku = await newItem(acme);
    const line = { sku, location: 'MAIN', quantity: 1 };
    const [one, other] = [await acme.post('receipt', line), await acme.post('receipt', line)];
    const key = { 'idempotency-key': `undo-${sku}` };
    await reverse(one, {}, key);
    const answer = await reverse(other, {}, key);
    expectProblem(answer, idempotencyMismatch);
    expect(await balancesOf(acme, sku)).toEqual([['MAIN', null, 1, 3]]);
  });

  test('a reversal that was refused may be sent again', async () => {
    const sku = await newItem(acme);
    const entry = await acme.post('receipt', { sku, location: 'MAIN', quantity: 1 });
    await acme.post('issue', { sku, location: 'MAIN', quantity: -1 });
    const key = { 'idempotency-key': `undo-${sku}` };
    expect((await reverse(entry, {}, key)).status).toBe(409);
    await acme.post('return', { sku, location: 'MAIN', quantity: 1 });
    const { status, headers } = await reverse(entry, {}, key);
    expect([status, headers.get('idempotent-replayed')]).toEqual([201, null]);
  });
});

test.each<[unknown, readonly [field: string, message: string]]>([
  [{ reference: '' }, ['reference', 'must not be empty']],
  [{ reference: 'x'.repeat(201) }, ['reference', 'must have at most 200 characters']],
  [{ reference: 7 }, ['reference', 'must be a string']],
  [{ metadata: [] }, ['metadata', 'must be an object']],
])('with the body %j it is refused', async (body, error) => {
  const sku = await newItem(acme);
  const entry = await acme.post('receipt', { sku, location: 'MAIN', quantity: 1 });
  const answer = await reverse(entry, body);
  expectProblem(answer, wrongFields(error));
});

test('without a body it is refused', async () => {
  const sku = await newItem(acme);
  const entry = await acme.post('receipt', { sku, location: 'MAIN', quantity: 1 });
  expectProblem(await reverse(entry, ''), {
    ...wrongFields(['body', 'must not be empty']),
    detail: 'The body is empty: send a JSON object.',
  });
});
