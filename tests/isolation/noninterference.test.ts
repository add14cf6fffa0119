import { expect, inject, test } from 'vitest';
import { scoreMutants } from '../prove/isolation/mutants/score.ts';
import { resultsText } from '../prove/isolation/report.ts';
import { isPerfect } from '../prove/isolation/results.ts';
import { proveNonInterference } from '../prove/isolation/worlds/noninterference.ts';
import { routesWithoutGenerator } from '../prove/isolation/worlds/requests.ts';

const prove = (runs: number, hole?: string) =>
  proveNonInterference(inject('clusterUrl'), inject('templateDatabase'), {
    runs,
    prepare: async (clone) => hole && (await clone.run(hole)),
  });

test('every route of the table is asked', () => {
  expect(routesWithoutGenerator()).toEqual([]);
});

test('whatever an organization asks, the answers do not depend on what another one has or does', async () => {
  const { difference, gaps, sequences, requests, routes } = await prove(8);
  expect(difference).toBeUndefined();
  expect(gaps).toEqual([]);
  expect(sequences).toBe(8);
  expect(requests).toBeGreaterThan(3 * routes);
}, 120_000);

test('a difference is found where a SKU is unique across organizations', async () => {
  const proof = await prove(1, 'alter table inventory.items add unique (sku)');
  const { difference } = proof;
  expect(difference).toContain('POST /v1/items');
  expect(difference).toContain('in the world "the same codes"');
  // What comes after it was not asked, and that alone fails a proof.
  const { difference: _, ...withoutDifference } = proof;
  const onlyGaps = { nonInterference: withoutDifference };
  expect(isPerfect(onlyGaps)).toBe(false);
  expect(resultsText(onlyGaps)).toContain('not proven: GET /v1/users was never asked');
  expect(isPerfect({ nonInterference: { ...onlyGaps.nonInterference, gaps: [] } })).toBe(true);
}, 120_000);

test('a difference is found where a token opens what the key beside it does not', async () => {
  const stone = 'the organization entered before, in tenancy.enter_with_pass(text,text,text[],boolean)';
  const [outcome] = await scoreMutants(inject('clusterUrl'), inject('templateDatabase'), {
    only: ({ name }) => name === stone,
    by: ['non-interference'],
  });
  expect(outcome?.because).toContain('"by":["key","ofBoth"]');
}, 120_000);
