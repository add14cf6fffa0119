import { join } from 'node:path';
import { inject } from 'vitest';
import { makeDatabase } from '#scripts/local/migrated-seed.ts';
import { startCluster } from '#scripts/local/postgres/cluster.ts';
import { seedOf } from '#tests/prepared-cluster.ts';

/**
 * Puts a migrated cluster where `npm start --data FOLDER` keeps its own, so that a start need not create and migrate one. It
 * has no organizations yet.
 */
export async function prepareData(folder: string): Promise<void> {
  const seed = seedOf(inject('preparedCluster'));
  const cluster = await startCluster({ directory: join(folder, 'postgres'), durable: false, seed });
  try {
    await makeDatabase(cluster, 'stockade', seed);
  } finally {
    await cluster.stop();
  }
}
