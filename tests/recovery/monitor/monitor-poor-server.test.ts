import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import { closeAwsClients } from '#platform/aws/call.ts';
import type { InJobs } from '#recovery/in-jobs.ts';
import type { CheckResult } from '#recovery/monitor/check.ts';
import { checkBackups } from '#recovery/monitor/monitor.ts';
import { configuredSource } from '#recovery/monitor/source-of.ts';
import { type LocalAws, startLocalAws } from '#scripts/local/aws/loopback.ts';
import { type Cluster, startCluster } from '#scripts/local/postgres/cluster.ts';
import { makeScratchFolder } from '#scripts/local/postgres/scratch-folder.ts';

let folder: string;
let cluster: Cluster;
let aws: LocalAws;

beforeAll(async () => {
  folder = makeScratchFolder('poor');
  cluster = await startCluster({
    directory: join(folder, 'source'),
    durable: false,
    settings: { shared_buffers: '16MB', archive_mode: 'on', archive_command: '/bin/false' },
  });
  const database = { identifier: 'poor', cluster, databaseName: 'postgres' };
  aws = await startLocalAws({ directory: join(folder, 'aws'), database, durable: false });
  Object.assign(process.env, aws.env);
}, 60_000);
afterAll(async () => {
  closeAwsClients();
  await aws?.close();
  await cluster?.destroy();
  await rm(folder, { recursive: true, force: true });
});

/** Runs the work of a job on a server that may lack the schema. */
const on =
  (url: string): InJobs =>
  async (work) => {
    const client = new Client(url);
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  };

async function look(url: string, rds = configuredSource()): Promise<Map<string, CheckResult>> {
  const results = await checkBackups({ rds, inJobs: on(url), lastDrill: async () => undefined });
  return new Map(results.map((each) => [each.check, each]));
}

test('a server that is not encrypted and may lose confirmed commits fails', async () => {
  const results = await look(cluster.url);
  expect(results.get('encryption')).toMatchObject({ status: 'fail', facts: { isDatabaseEncrypted: false } });
  expect(results.get('durability')).toMatchObject({
    status: 'fail',
    summary: expect.stringMatching(/^fsync is off.*full_page_writes is off/),
  });
  // It was never backed up.
  expect(results.get('newest-snapshot')).toMatchObject({ status: 'fail' });
  expect(results.get('latest-restorable-time')).toMatchObject({ status: 'fail' });
});

test('outside RDS, a log that cannot be archived or never was fails', async () => {
  const elsewhere = async (url: string) => {
    const results = await checkBackups({ rds: undefined, inJobs: on(url), lastDrill: async () => undefined });
    return results.find(({ check }) => check === 'wal-archiving');
  };
  expect(await elsewhere(inject('clusterUrl'))).toMatchObject({
    status: 'fail',
    summary: expect.stringContaining('archive_mode is off'),
  });
  await on(cluster.url)((client) => client.query('create table touched (); select pg_switch_wal()'));
  await vi.waitFor(
    async () =>
      expect(await elsewhere(cluster.url)).toMatchObject({
        status: 'fail',
        summary: expect.stringMatching(/^The log cannot be archived: the last attempt failed at \S+\.$/),
      }),
    { timeout: 20_000, interval: 100 },
  );
});

test('when the server cannot be reached, its checks could not run, and those of RDS go on', async () => {
  const gone = new URL(cluster.url);
  gone.port = '1';
  const unreachable = await look(gone.href);
  for (const check of ['durability', 'alert-path']) {
    expect(unreachable.get(check)).toMatchObject({ status: 'could_not_run' });
  }
  expect(unreachable.get('durability')?.reason).toBe('database_unreachable');

  expect(unreachable.get('encryption')).toMatchObject({ status: 'fail' });
});
