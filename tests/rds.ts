import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, inject } from 'vitest';
import { closeAwsClients } from '#platform/aws/call.ts';
import { environment } from '#platform/environment.ts';
import { type LocalAws, startLocalAws } from '#scripts/local/aws/loopback.ts';
import type { LocalRds } from '#scripts/local/aws/rds/service.ts';
import { makeDatabase } from '#scripts/local/migrated-seed.ts';
import { type Cluster, startCluster } from '#scripts/local/postgres/cluster.ts';
import { makeScratchFolder } from '#scripts/local/postgres/scratch-folder.ts';
import { seedOf } from './prepared-cluster.ts';

/** A migrated database in a cluster of the test file's own, which is an instance of an RDS of its own. */
export interface RdsWorld {
  readonly local: LocalAws;
  /** RDS itself: `faults`, `round()`, `settled()`, `clusterOf()`, `folderOf()`. */
  readonly rds: LocalRds;
  readonly cluster: Cluster;
  readonly instance: string;
  /** The database as the superuser. */
  readonly adminUrl: string;
  /** The database's clock, with a millisecond of its own between what comes before and what comes after. */
  clock(): Promise<Date>;
  /** Archives what is committed; a restore to a point in time reaches up to now. */
  archive(): Promise<void>;
  /** Takes an automated snapshot and waits for it. */
  backUp(): Promise<void>;
}

const databaseName = 'stockade';
/**
 * Gives the tests of a file an RDS with an instance and one automated snapshot of it, and the environment with which
 * the SDK finds it. Call it at the top of the file and use what it returns inside tests.
 */
export function openRds(): RdsWorld {
  let directory: string;
  let cluster: Cluster;
  let local: LocalAws;
  let adminUrl: string;

  beforeAll(async () => {
    directory = makeScratchFolder('rds-world');
    const seed = seedOf(inject('preparedCluster'));
    cluster = await startCluster({
      directory: join(directory, 'postgres'),
      durable: false,
      seed,
      archive: true,
      settings: { shared_buffers: '32MB' },
    });
    adminUrl = await makeDatabase(cluster, databaseName, seed);
    local = await startLocalAws({
      directory: join(directory, 'aws'),
      durable: false,
      database: { identifier: 'stockade', cluster, databaseName },
    });
    process.env[environment.stage] ??= 'test';
    Object.assign(process.env, local.env);
    await world.backUp();
  });
  afterEach(() => local?.rds.faults.clear());
  afterAll(async () => {
    closeAwsClients();
    await local?.close();
    await cluster?.destroy();
    await rm(directory, { recursive: true, force: true });
  });

  const world: RdsWorld = {
    get local() {
      return local;
    },
    get rds() {
      return local.rds;
    },
    get cluster() {
      return cluster;
    },
    get instance() {
      return local.env[environment.dbInstanceIdentifier] ?? '';
    },
    get adminUrl() {
      return adminUrl;
    },
    async clock() {
      const [row] = await ask(adminUrl, 'select pg_sleep(0.002), clock_timestamp() as now');
      await ask(adminUrl, 'select pg_sleep(0.002)');
      return row?.now as Date;
    },
    archive: () => local.rds.round({ snapshotEveryMs: Number.POSITIVE_INFINITY }),
    async backUp() {
      await local.rds.round({ snapshotEveryMs: 0 });
      await local.rds.settled();
    },
  };
  return world;
}

async function ask(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client(url);
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}
