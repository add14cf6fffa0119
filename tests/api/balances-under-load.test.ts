import { expect, test } from 'vitest';
import { deadlocksIn } from '#tests/deadlocks.ts';
import { openWorld } from '#tests/world.ts';

const world = openWorld();

/** Runs `count` calls with `width` of them under way at once. */
async function concurrently<T>(
  count: number,
  width: number,
  call: (index: number) => Promise<T>,
): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: width }, async () => {
      for (let index = next++; index < count; index = next++) results[index] = await call(index);
    }),
  );
  return results;
}

test('500 concurrent receipts of one: on hand is exactly 500, and every one saw a balance of its own', async () => {
  const acme = await world.createOrganization();
  await acme.item('BOLT');
  await acme.location('MAIN');

  const answers = await concurrently(500, 50, () =>
    acme.request('POST', '/v1/movements', {
      kind: 'receipt',
      lines: [{ sku: 'BOLT', location: 'MAIN', quantity: 1 }],
    }),
  );

  expect(answers.map(({ status }) => status)).toEqual(Array(500).fill(201));
  expect(await acme.onHand('BOLT')).toBe(500);
  const seen = answers.map(({ body }) => body.lines[0].balance);
  expect(seen.sort((a, b) => a.version - b.version)).toMatchObject(
    Array.from({ length: 500 }, (_, index) => ({ version: index + 1, onHand: index + 1 })),
  );
});

test('100 concurrent issues of one from a stock of ten: ten succeed, ninety are refused, nothing is left', async () => {
  const acme = await world.createOrganization();
  await acme.item('BOLT');
  await acme.location('MAIN');
  await acme.post('receipt', { sku: 'BOLT', location: 'MAIN', quantity: 10 });

  const answers = await concurrently(100, 100, () =>
    acme.request('POST', '/v1/movements', {
      kind: 'issue',
      lines: [{ sku: 'BOLT', location: 'MAIN', quantity: -1 }],
    }),
  );

  const refused = answers.filter(({ status }) => status !== 201);
  expect(answers.map(({ status }) => status).sort()).toEqual([
    ...Array(10).fill(201),
    ...Array(90).fill(409),
  ]);
  for (const { body } of refused) {
    expect(body.code).toBe('insufficient_stock');
    expect(body.lines).toEqual([{ sku: 'BOLT', location: 'MAIN', lot: null, available: 0, requested: 1 }]);
  }
  expect(await acme.onHand('BOLT')).toBe(0);
});

test('50 concurrent requests under one Idempotency-Key: one effect, 50 equal answers', async () => {
  const acme = await world.createOrganization();
  await acme.item('BOLT');
  await acme.location('MAIN');

  const answers = await concurrently(50, 50, () =>
    acme.request(
      'POST',
      '/v1/movements',
      { kind: 'receipt', lines: [{ sku: 'BOLT', location: 'MAIN', quantity: 7 }] },
      { 'idempotency-key': 'delivery-4711' },
    ),
  );

  expect(await acme.onHand('BOLT')).toBe(7);
  expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(201));
  expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
  expect(answers.map(({ headers }) => headers.get('idempotent-replayed') ?? 'new').sort()).toEqual([
    'new',
    ...Array(49).fill('true'),
  ]);
});

test('entries of 100 lines over shared keys in opposed order from 8 connections: no deadlock, sums exact', async () => {
  const acme = await world.createOrganization();
  const skus = Array.from({ length: 25 }, (_, index) => `SKU-${index}`);
  for (const sku of skus) await acme.item(sku, { allowNegative: true });
  for (const location of ['A', 'B', 'C', 'D']) await acme.location(location);
  const keys = skus.flatMap((sku) => ['A', 'B', 'C', 'D'].map((location) => ({ sku, location })));

  const expected = new Map<string, number>();
  const answers = await concurrently(64, 8, (index) => {
    const ordered = index % 3 === 2 ? shuffled(keys, index) : index % 2 === 0 ? keys : keys.toReversed();
    const lines = ordered.map((key, n) => ({ ...key, quantity: ((index + n) % 7) - 3 || 5 }));
    for (const { sku, quantity } of lines) expected.set(sku, (expected.get(sku) ?? 0) + quantity);
    return acme.request('POST', '/v1/movements', { kind: 'adjustment', lines });
  });

  expect(answers.map(({ status }) => status)).toEqual(Array(64).fill(201));
  expect(await deadlocksIn(world.adminUrl)).toBe(0);
  for (const sku of skus) expect([sku, await acme.onHand(sku)]).toEqual([sku, expected.get(sku)]);
});

test('idempotency keys work when 20 different requests race under the same keys of two organizations', async () => {
  const [acme, globex] = [await world.createOrganization(), await world.createOrganization()];
  for (const organization of [acme, globex]) {
    await organization.item('BOLT');
    await organization.location('MAIN');
  }
  const receive = (organization: typeof acme, key: string) =>
    organization.request(
      'POST',
      '/v1/movements',
      { kind: 'receipt', lines: [{ sku: 'BOLT', location: 'MAIN', quantity: 1 }] },
      { 'idempotency-key': key },
    );
  await concurrently(80, 20, (index) => receive(index % 2 ? acme : globex, `key-${index % 10}`));
  expect([await acme.onHand('BOLT'), await globex.onHand('BOLT')]).toEqual([5, 5]);
});

/** The same shuffle for the same seed. */
function shuffled<T>(list: readonly T[], seed: number): T[] {
  return list
    .map((value, index) => ({ value, rank: Math.sin((index + 1) * (seed + 1)) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ value }) => value);
}
