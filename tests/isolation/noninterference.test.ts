import { expect, inject, test } from 'vitest';
import { proveNonInterference } from '#scripts/prove/worlds/noninterference.ts';
import { routesWithoutGenerator } from '#scripts/prove/worlds/requests.ts';

const prove = (runs: number, hole?: string) =>
  proveNonInterference(inject('clusterUrl'), inject('templateDatabase'), {
    runs,
    prepare: async (clone) => hole && (await clone.run(hole)),
  });

test('every route of the table is asked', () => {
  expect(routesWithoutGenerator()).toEqual([]);
});

test('whatever an organization asks, the answers do not depend on what another one has or does', async () => {
  const { difference, sequences, requests } = await prove(12);
  expect(difference).toBeUndefined();
  expect(sequences).toBe(12);
  expect(requests).toBeGreaterThan(12 * 5);
}, 120_000);

test('a difference is found where a SKU is unique across organizations', async () => {
  const { difference } = await prove(1, 'alter table inventory.items add unique (sku)');
  expect(difference).toContain('POST /v1/items');
  expect(difference).toContain('and where it is the same codes');
}, 120_000);
