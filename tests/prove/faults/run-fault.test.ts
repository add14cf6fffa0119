import { randomUUID } from 'node:crypto';
import { expect, inject, test } from 'vitest';
import { cloneDatabase, onCluster } from '#tests/template.ts';
import { findPlants, type PlantResult } from './checker/plants.ts';
import { wireFaults } from './kinds/wire-faults.ts';
import { runUnderFault } from './run-fault.ts';

test('lost answers of COMMIT lose and double nothing, and the checker finds every planted loss', async () => {
  const database = `test_${randomUUID().replaceAll('-', '')}`;
  const adminUrl = Object.assign(new URL(inject('clusterUrl')), { pathname: database }).href;
  await cloneDatabase(database);
  try {
    const fault = wireFaults.find(({ name }) => name === 'answer of COMMIT lost');
    let plants: readonly PlantResult[] = [];
    const run = await runUnderFault(fault as NonNullable<typeof fault>, {
      adminUrl,
      organizations: 2,
      clientsEach: 2,
      signal: new AbortController().signal,
      onChecked: async (journal) => {
        plants = await findPlants(adminUrl, journal);
      },
    });
    expect(run.findings).toEqual([]);
    expect(run.repeated).toBeGreaterThan(0);
    expect(run.writes.acknowledged).toBeGreaterThan(0);
    expect(plants.filter(({ found }) => !found)).toEqual([]);
    expect(plants.length).toBeGreaterThan(20);
  } finally {
    await onCluster(`drop database if exists ${database} with (force)`);
  }
});
