import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as rds from '@aws-sdk/client-rds';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { makeScratchFolder } from '#scripts/local/postgres/scratch-folder.ts';
import { createAwsKey } from '../signature.ts';

const region = 'eu-central-1';
const key = createAwsKey();
const DBInstanceIdentifier = 'stockade';
let folder: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  folder = makeScratchFolder('rds-killed');
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await vi.waitFor(() => expect(running()).toEqual([]), { timeout: 20_000 });
  await rm(folder, { recursive: true, force: true });
});

/**
 * A platform: a process of its own that has a cluster, and an RDS over it. From the message `hold` on it never comes to the
 * end of copying a control file, the last file of a backup, and says so: what it is for is in the middle from then on.
 */
async function startElsewhere() {
  const from = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
  const script = join(folder, 'serve.ts');
  await writeFile(
    script,
    `import files from 'node:fs/promises';
     import { syncBuiltinESMExports } from 'node:module';
     import { startCluster } from ${from('../../postgres/cluster.ts')};
     import { startRds } from ${from('./service.ts')};
     const cluster = await startCluster({
       directory: ${JSON.stringify(join(folder, 'source'))}, durable: false, archive: true,
       settings: { shared_buffers: '16MB' },
     });
     const local = await startRds({
       directory: ${JSON.stringify(join(folder, 'rds'))}, durable: false,
       key: ${JSON.stringify(key)}, region: ${JSON.stringify(region)},
     });
     await local.attach({ identifier: 'stockade', cluster, databaseName: 'postgres' });
     process.on('message', async (said) => {
       if (said === 'hold') return hold();
       await local.close();
       await cluster.stop();
       process.disconnect();
     });
     function hold() {
       const { copyFile } = files;
       files.copyFile = async (from, to, ...more) => {
         if (!to.endsWith('global/pg_control')) return await copyFile(from, to, ...more);
         process.send({ held: to });
         return await new Promise(() => {});
       };
       syncBuiltinESMExports();
       process.send('holding');
     }
     process.send({ endpoint: local.url, url: cluster.url });`,
  );
  const child = fork(script);
  children.push(child);
  const exited = once(child, 'exit');
  const [{ endpoint, url }] = await once(child, 'message');
  const client = new rds.RDSClient({ endpoint, region, credentials: key, maxAttempts: 1 });
  return { child, exited, client, url };
}

/** The folders of snapshots and of instances. */
async function foldersLeft(): Promise<string[][]> {
  return await Promise.all(
    ['snapshots', 'instances'].map(async (of) => (await readdir(join(folder, 'rds', of))).sort()),
  );
}

/** Processes that work inside the folder, which servers do. */
function running(): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return readlinkSync(`/proc/${pid}/cwd`).startsWith(folder);
    } catch {
      return false;
    }
  });
}

test('kill -9 in the middle of a snapshot and of a restore: both have failed and left nothing, the rest is there', async () => {
  const first = await startElsewhere();
  const database = new Client(first.url);
  database.on('error', () => {});
  await database.connect();
  await database.query(
    "create table line as select n as id, repeat('x', 500) from generate_series(1, 20000) as n",
  );
  const waiting = { client: first.client, maxWaitTime: 60, minDelay: 1, maxDelay: 1 };
  const create = (DBSnapshotIdentifier: string) =>
    first.client.send(new rds.CreateDBSnapshotCommand({ DBInstanceIdentifier, DBSnapshotIdentifier }));
  const restore = (identifier: string) =>
    first.client.send(
      new rds.RestoreDBInstanceFromDBSnapshotCommand({
        DBInstanceIdentifier: identifier,
        DBSnapshotIdentifier: 'whole',
        BackupRetentionPeriod: 0,
      }),
    );
  await create('whole');
  await rds.waitUntilDBSnapshotAvailable(waiting, { DBSnapshotIdentifier: 'whole' });
  await restore('lasting');
  await rds.waitUntilDBInstanceAvailable(waiting, { DBInstanceIdentifier: 'lasting' });
  const kept = await foldersLeft();
  const holding = once(first.child, 'message');
  first.child.send('hold');
  await holding;
  const places: string[] = [];
  const bothHeld = new Promise<void>((resolve) => {
    first.child.on('message', ({ held }: { held: string }) => {
      if (places.push(held) === 2) resolve();
    });
  });
  await Promise.all([create('half'), restore('half-made')]);
  await bothHeld;
  expect(places.sort()).toEqual([
    expect.stringMatching(/\/rds\/instances\/[^/]+\/.*global\/pg_control$/),
    expect.stringMatching(/\/rds\/snapshots\/[^/]+\.unfinished-[^/]+\/global\/pg_control$/),
  ]);
  first.child.kill('SIGKILL');
  expect(await first.exited).toEqual([null, 'SIGKILL']);
  first.client.destroy();

  const second = await startElsewhere();
  const { client } = second;
  const statuses = async () => {
    const { DBInstances = [] } = await client.send(new rds.DescribeDBInstancesCommand({}));
    const { DBSnapshots = [] } = await client.send(new rds.DescribeDBSnapshotsCommand({}));
    return Object.fromEntries([
      ...DBInstances.map((each) => [each.DBInstanceIdentifier, each.DBInstanceStatus]),
      ...DBSnapshots.map((each) => [each.DBSnapshotIdentifier, each.Status]),
    ]);
  };
  await rds.waitUntilDBInstanceAvailable({ ...waiting, client }, { DBInstanceIdentifier: 'lasting' });
  expect(await statuses()).toEqual({
    stockade: 'available',
    lasting: 'available',
    'half-made': 'failed',
    whole: 'available',
    half: 'failed',
  });
  expect(await foldersLeft()).toEqual(kept);

  const { DBInstances } = await client.send(
    new rds.DescribeDBInstancesCommand({ DBInstanceIdentifier: 'lasting' }),
  );
  const url = new URL(second.url);
  url.port = String(DBInstances?.[0]?.Endpoint?.Port);
  const lasting = new Client(url.href);
  await lasting.connect();
  expect((await lasting.query('select count(*)::int as lines from line')).rows).toEqual([{ lines: 20_000 }]);
  await lasting.end();
  const removal = new rds.DeleteDBInstanceCommand({
    DBInstanceIdentifier: 'half-made',
    SkipFinalSnapshot: true,
  });
  await client.send(removal);
  await rds.waitUntilDBInstanceDeleted({ ...waiting, client }, { DBInstanceIdentifier: 'half-made' });
  client.destroy();
  second.child.send('stop');
  await second.exited;
  await database.end().catch(() => {});
  expect(running()).toEqual([]);
}, 90_000);
