import { Client } from 'pg';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { lintIsolation } from '#schema/lint/isolation-lint.ts';
import { readIsolationRules } from '#schema/lint/isolation-rules.ts';
import { seedOf } from '#tests/prepared-cluster.ts';
import { type ProvingCluster, startProvingCluster } from '#tests/prove/cluster.ts';

const rules = await readIsolationRules(import.meta.dirname);
// The roles of the run's server change while other tests run.
let server: ProvingCluster;

beforeAll(async () => {
  server = await startProvingCluster(seedOf(inject('preparedCluster')));
});

afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
});

/** What the lint finds in a database, as `NNNN object`. */
async function foundIn(database: string): Promise<{ ok: boolean; found: string[] }> {
  const client = new Client(new URL(`/${database}`, server.clusterUrl).href);
  await client.connect();
  try {
    const { ok, outcomes } = await lintIsolation(client, rules);
    const found = outcomes.flatMap(({ rule, faults, couldNotRun }) => [
      ...(couldNotRun === undefined ? [] : [`${rule.number} could not run: ${couldNotRun}`]),
      ...faults.map(({ object }) => `${rule.number} ${object}`),
    ]);
    return { ok, found };
  } finally {
    await client.end();
  }
}

test('the database after all migrations has no fault', async () => {
  expect(await foundIn(server.template)).toEqual({ ok: true, found: [] });
});

test('a database without Stockade is not sound', async () => {
  const { ok, found } = await foundIn('template1');
  expect(ok).toBe(false);
  expect(found).toContain('0031 tenancy.current_org()');
});
