import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as rds from '@aws-sdk/client-rds';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { makeScratchFolder } from '#scripts/local/postgres/scratch-folder.ts';
import { type Cluster, startCluster } from '../../postgres/cluster.ts';
import { createAwsKey } from '../signature.ts';
import { type LocalRds, startRds } from './service.ts';

const region = 'eu-central-1';
const elsewhere = 'eu-west-1';
const key = createAwsKey();
const DBInstanceIdentifier = 'stockade';
let folder: string;
let cluster: Cluster;
let local: LocalRds;
let client: rds.RDSClient;
let database: Client;
const clients: rds.RDSClient[] = [];

const start = () => startRds({ directory: join(folder, 'rds'), key, region, durable: false });
const attachment = () => ({
  identifier: DBInstanceIdentifier,
  cluster,
  databaseName: 'postgres',
  tags: { environment: 'production' },
});

function clientOf(of = region, credentials = key): rds.RDSClient {
  const made = new rds.RDSClient({ endpoint: local.url, region: of, credentials, maxAttempts: 1 });
  clients.push(made);
  return made;
}

beforeAll(async () => {
  folder = makeScratchFolder('rds');
  cluster = await startCluster({
    directory: join(folder, 'source'),
    durable: false,
    archive: true,
    settings: { shared_buffers: '16MB' },
  });
  database = new Client(cluster.url);
  await database.connect();
  await database.query("create table line (id int primary key); create role teller login password 'teller'");
  local = await start();
  await local.attach(attachment());
  client = clientOf();
  await local.round();
  await local.settled();
});
afterEach(() => local.faults.clear());
afterAll(async () => {
  for (const each of clients) each.destroy();
  await local.close();
  await database.end();
  await cluster.destroy();
  await rm(folder, { recursive: true, force: true });
});

const waiting = () => ({ client, maxWaitTime: 60, minDelay: 1, maxDelay: 1 });
const instance = async (identifier = DBInstanceIdentifier) => {
  const { DBInstances } = await client.send(
    new rds.DescribeDBInstancesCommand({ DBInstanceIdentifier: identifier }),
  );
  return DBInstances?.[0] ?? {};
};
const snapshot = async (identifier: string, of = client) => {
  const { DBSnapshots } = await of.send(
    new rds.DescribeDBSnapshotsCommand({ DBSnapshotIdentifier: identifier }),
  );
  return DBSnapshots?.[0] ?? {};
};
const takeSnapshot = async (identifier: string) => {
  const input = { DBSnapshotIdentifier: identifier, DBInstanceIdentifier };
  const { DBSnapshot } = await client.send(new rds.CreateDBSnapshotCommand(input));
  return DBSnapshot ?? {};
};
const restore = async (input: Partial<rds.RestoreDBInstanceFromDBSnapshotCommandInput>) => {
  const command = new rds.RestoreDBInstanceFromDBSnapshotCommand({
    DBInstanceIdentifier: 'restored',
    DBSnapshotIdentifier: 'first',
    BackupRetentionPeriod: 0,
    ...input,
  });
  return (await client.send(command)).DBInstance ?? {};
};
const restoreTo = (input: Partial<rds.RestoreDBInstanceToPointInTimeCommandInput>) =>
  client.send(
    new rds.RestoreDBInstanceToPointInTimeCommand({
      SourceDBInstanceIdentifier: DBInstanceIdentifier,
      TargetDBInstanceIdentifier: 'back-then',
      BackupRetentionPeriod: 0,
      ...input,
    }),
  );
const automated = async () => {
  const { DBSnapshots = [] } = await client.send(new rds.DescribeDBSnapshotsCommand({}));
  return DBSnapshots.filter(({ SnapshotType }) => SnapshotType === 'automated');
};
/** What RDS has told of an instance or a snapshot. */
const newsOf = async (SourceIdentifier: string, SourceType: rds.SourceType) => {
  const command = new rds.DescribeEventsCommand({ SourceIdentifier, SourceType });
  return (await client.send(command)).Events?.map(({ Message }) => Message);
};
const remove = async (identifier: string) => {
  const input = { DBInstanceIdentifier: identifier, SkipFinalSnapshot: true };
  const { DBInstance } = await client.send(new rds.DeleteDBInstanceCommand(input));
  await rds.waitUntilDBInstanceDeleted(waiting(), { DBInstanceIdentifier: identifier });
  return DBInstance;
};
const refusal = (name: string, httpStatusCode: number, message?: RegExp) => ({
  name,
  $metadata: { httpStatusCode },
  ...(message && { message: expect.stringMatching(message) }),
});

async function linesOf(
  { Endpoint }: rds.DBInstance,
  user = 'postgres',
  password?: string,
): Promise<number[]> {
  const url = new URL(cluster.url);
  url.host = `${Endpoint?.Address}:${Endpoint?.Port}`;
  url.username = user;
  if (password !== undefined) url.password = password;
  const reader = new Client(url.href);
  await reader.connect();
  try {
    const { rows } = await reader.query<{ id: number }>('select id from line order by id');
    return rows.map(({ id }) => id);
  } finally {
    await reader.end();
  }
}

const add = (id: number) => database.query('insert into line values ($1)', [id]);
/** A millisecond of its own between what comes before and what comes after. */
async function clock(): Promise<Date> {
  const { rows } = await database.query<{ now: Date }>('select pg_sleep(0.002), clock_timestamp() as now');
  await database.query('select pg_sleep(0.002)');
  return rows[0]?.now ?? new Date(Number.NaN);
}

test('the platform’s cluster is an instance, with what the API says of one', async () => {
  expect(await instance()).toMatchObject({
    DBInstanceIdentifier,
    DBInstanceArn: `arn:aws:rds:${region}:000000000000:db:stockade`,
    DbiResourceId: expect.stringMatching(/^db-[A-Z2-7]{26}$/),
    DBInstanceStatus: 'available',
    Engine: 'postgres',
    EngineVersion: expect.stringMatching(/^\d+\.\d+$/),
    Endpoint: { Address: '127.0.0.1', Port: cluster.port },
    BackupRetentionPeriod: 7,
    DeletionProtection: true,
    PubliclyAccessible: false,
    StorageEncrypted: false,
    InstanceCreateTime: expect.any(Date),
    LatestRestorableTime: expect.any(Date),
    VpcSecurityGroups: [{ VpcSecurityGroupId: 'sg-local', Status: 'active' }],
    TagList: [{ Key: 'environment', Value: 'production' }],
  });
  const byArn = await instance(`arn:aws:rds:${region}:000000000000:db:stockade`);
  expect(byArn.DBInstanceIdentifier).toBe(DBInstanceIdentifier);
  await expect(instance('nobody')).rejects.toMatchObject(
    refusal('DBInstanceNotFoundFault', 404, /^DBInstance nobody not found\.$/),
  );
});

test('a snapshot is taken while the instance backs up, and restored it is equal', async () => {
  await add(1);
  expect(await takeSnapshot('first')).toMatchObject({ Status: 'creating', SnapshotType: 'manual' });
  expect((await instance()).DBInstanceStatus).toBe('backing-up');
  const second = takeSnapshot('second');
  await expect(second).rejects.toMatchObject(
    refusal('InvalidDBInstanceStateFault', 400, /stockade is not currently in the available state/),
  );
  await rds.waitUntilDBSnapshotAvailable(waiting(), { DBSnapshotIdentifier: 'first' });
  await rds.waitUntilDBInstanceAvailable(waiting(), { DBInstanceIdentifier });
  const taken = await snapshot('first');
  expect(taken).toMatchObject({
    Status: 'available',
    PercentProgress: 100,
    Encrypted: false,
    DBInstanceIdentifier,
    Port: cluster.port,
    OriginalSnapshotCreateTime: taken.SnapshotCreateTime,
    TagList: [{ Key: 'environment', Value: 'production' }],
  });
  await add(2);

  const begun = await restore({ PubliclyAccessible: false, Tags: [{ Key: 'drill', Value: 'yes' }] });
  expect(begun).toMatchObject({
    DBInstanceStatus: 'creating',
    DBSubnetGroup: { DBSubnetGroupName: 'default' },
  });
  expect([begun.Endpoint, begun.InstanceCreateTime]).toEqual([undefined, undefined]);
  await rds.waitUntilDBInstanceAvailable(waiting(), { DBInstanceIdentifier: 'restored' });
  const restored = await instance('restored');
  expect(restored).toMatchObject({
    DeletionProtection: false,
    PubliclyAccessible: false,
    BackupRetentionPeriod: 0,
    VpcSecurityGroups: [{ VpcSecurityGroupId: 'sg-default' }],
    TagList: [{ Key: 'drill', Value: 'yes' }],
  });
  expect(restored.LatestRestorableTime).toBeUndefined();
  expect(await linesOf(restored)).toEqual([1]);
  await database.query('grant select on line to teller');
  await expect(linesOf(restored, 'teller', 'teller')).rejects.toThrow(/permission denied/);

  const pid = local.clusterOf('restored')?.pid ?? 0;
  expect(await remove('restored')).toMatchObject({ DBInstanceStatus: 'deleting' });
  await expect(instance('restored')).rejects.toMatchObject({ name: 'DBInstanceNotFoundFault' });
  expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
  expect(await readdir(join(folder, 'rds/instances'))).toEqual([]);
});

test('a point in time is two-sided, and only what is archived can be asked for', async () => {
  await add(10);
  const time = await clock();
  await add(11);
  await expect(restoreTo({ RestoreTime: time })).rejects.toMatchObject(
    refusal(
      'InvalidParameterValue',
      400,
      /cannot be restored to a time later than .* backup is not complete/,
    ),
  );
  await local.round();
  expect((await instance()).LatestRestorableTime?.getTime()).toBeGreaterThan(time.getTime());
  const { DBInstanceAutomatedBackups: [kept] = [] } = await client.send(
    new rds.DescribeDBInstanceAutomatedBackupsCommand({ DBInstanceIdentifier }),
  );
  expect(kept).toMatchObject({ Status: 'active', Region: region, BackupRetentionPeriod: 7 });
  const earliest = kept?.RestoreWindow?.EarliestTime ?? new Date(Number.NaN);
  expect(kept?.RestoreWindow?.LatestTime?.getTime()).toBeGreaterThan(time.getTime());
  const tooEarly = restoreTo({ RestoreTime: new Date(earliest.getTime() - 1) });
  await expect(tooEarly).rejects.toMatchObject(refusal('InvalidParameterValue', 400, /earlier than/));
  const both = restoreTo({ RestoreTime: time, UseLatestRestorableTime: true });
  await expect(both).rejects.toMatchObject(refusal('InvalidParameterCombination', 400));

  await restoreTo({ RestoreTime: time, Tags: [{ Key: 'drill', Value: 'pitr' }] });
  const latest = {
    UseLatestRestorableTime: true,
    TargetDBInstanceIdentifier: 'just-now',
  };
  await restoreTo(latest);
  for (const DBInstanceIdentifier of ['back-then', 'just-now']) {
    await rds.waitUntilDBInstanceAvailable(waiting(), { DBInstanceIdentifier });
  }
  expect(await linesOf(await instance('back-then'))).toEqual([1, 2, 10]);
  expect(await linesOf(await instance('just-now'))).toEqual([1, 2, 10, 11]);
  expect((await instance('just-now')).TagList).toEqual([]);
  await remove('back-then');
  await remove('just-now');
});

test('a time whose WAL is lost ends in incompatible-restore, and until the next snapshot nothing later is restorable', async () => {
  await local.round();
  const before = await readdir(cluster.archiveDirectory ?? '');
  await add(20);
  await local.round();
  const time = await clock();
  await add(21);
  await local.round();
  const added = (await readdir(cluster.archiveDirectory ?? '')).filter((name) => !before.includes(name));
  await rm(join(cluster.archiveDirectory ?? '', added.sort()[0] ?? ''));
  expect((await instance()).LatestRestorableTime?.getTime()).toBeLessThan(time.getTime());
  await expect(restoreTo({ RestoreTime: time })).rejects.toMatchObject({ name: 'InvalidParameterValue' });

  await local.round({ snapshotEveryMs: 0 });
  await local.settled();
  expect((await instance()).LatestRestorableTime?.getTime()).toBeGreaterThan(time.getTime());
  await restoreTo({ RestoreTime: time, TargetDBInstanceIdentifier: 'lost' });
  const lost = rds.waitUntilDBInstanceAvailable(waiting(), { DBInstanceIdentifier: 'lost' });
  await expect(lost).rejects.toThrow(/incompatible-restore/);
  await remove('lost');
});

test('a restore with backups of its own passes through backing-up; its password is the old one until it is modified', async () => {
  await restore({ DBInstanceIdentifier: 'kept', BackupRetentionPeriod: 2, DeletionProtection: true });
  await rds.waitUntilDBInstanceAvailable(waiting(), { DBInstanceIdentifier: 'kept' });
  expect(await newsOf('kept', 'db-instance')).toEqual([
    'Restored from snapshot first',
    'Backing up DB instance',
    'Finished DB Instance backup',
  ]);
  const kept = await instance('kept');
  expect(kept).toMatchObject({
    PubliclyAccessible: true,
    LatestRestorableTime: expect.any(Date),
    TagList: [{ Key: 'environment', Value: 'production' }],
  });
  expect(await linesOf(kept)).toEqual([1]);

  const modify = (input: Partial<rds.ModifyDBInstanceCommandInput>) =>
    client.send(new rds.ModifyDBInstanceCommand({ DBInstanceIdentifier: 'kept', ...input }));
  const { DBInstance } = await modify({ MasterUserPassword: 'another-password', DeletionProtection: false });
  expect(DBInstance?.DBInstanceStatus).toBe('resetting-master-credentials');
  await expect(modify({ BackupRetentionPeriod: 3 })).rejects.toMatchObject(
    refusal('InvalidDBInstanceStateFault', 400, /not in available state/),
  );
  await rds.waitUntilDBInstanceAvailable(waiting(), { DBInstanceIdentifier: 'kept' });
  await expect(linesOf(kept)).rejects.toThrow(/password authentication failed/);
  expect(await linesOf(kept, 'postgres', 'another-password')).toEqual([1]);

  process.kill(local.clusterOf('kept')?.pid ?? Number.NaN, 'SIGKILL');
  await expect
    .poll(async () => (await instance('kept')).DBInstanceStatus, { timeout: 20_000 })
    .toBe('failed');
  expect(local.clusterOf('kept')).toBeUndefined();
  await remove('kept');
  expect(new Set((await automated()).map((each) => each.DBInstanceIdentifier))).toEqual(
    new Set([DBInstanceIdentifier]),
  );
});

test('an instance whose WAL cannot be kept has failed, runs no longer, and can be deleted', async () => {
  const marks = join(folder, 'rds/marks');
  await rename(marks, `${marks}.away`);
  await writeFile(marks, '');
  try {
    await restore({ DBInstanceIdentifier: 'unkept', BackupRetentionPeriod: 1 });
    await restore({ DBInstanceIdentifier: 'kept-later' });
    await local.settled();
    await client.send(
      new rds.ModifyDBInstanceCommand({ DBInstanceIdentifier: 'kept-later', BackupRetentionPeriod: 1 }),
    );
    await local.settled();
  } finally {
    await rm(marks);
    await rename(`${marks}.away`, marks);
  }
  for (const name of ['unkept', 'kept-later']) {
    expect([name, (await instance(name)).DBInstanceStatus]).toEqual([name, 'failed']);
    expect(local.clusterOf(name)).toBeUndefined();
    await remove(name);
  }
  expect(await readdir(join(folder, 'rds/instances'))).toEqual([]);
});

test('deletion: protection, and never the platform’s own; no final snapshot is taken', async () => {
  const command = (input: Partial<rds.DeleteDBInstanceCommandInput>) =>
    client.send(new rds.DeleteDBInstanceCommand({ DBInstanceIdentifier, ...input }));
  await expect(command({ SkipFinalSnapshot: true })).rejects.toMatchObject(
    refusal('InvalidParameterCombination', 400, /^Cannot delete protected DB Instance, please disable/),
  );
  await client.send(new rds.ModifyDBInstanceCommand({ DBInstanceIdentifier, DeletionProtection: false }));
  await rds.waitUntilDBInstanceAvailable(waiting(), { DBInstanceIdentifier });
  await expect(command({ SkipFinalSnapshot: true })).rejects.toMatchObject(refusal('AccessDenied', 403));
  await client.send(new rds.ModifyDBInstanceCommand({ DBInstanceIdentifier, DeletionProtection: true }));

  await restore({ DBInstanceIdentifier: 'leaving' });
  await rds.waitUntilDBInstanceAvailable(waiting(), { DBInstanceIdentifier: 'leaving' });
  const leaving = { DBInstanceIdentifier: 'leaving' };
  for (const input of [{}, { SkipFinalSnapshot: true, DeleteAutomatedBackups: false }]) {
    await expect(command({ ...leaving, ...input })).rejects.toMatchObject(refusal('NotImplemented', 501));
  }
  await remove('leaving');
  await takeSnapshot('last-one');
  await rds.waitUntilDBSnapshotAvailable(waiting(), { DBSnapshotIdentifier: 'last-one' });
  await client.send(new rds.DeleteDBSnapshotCommand({ DBSnapshotIdentifier: 'last-one' }));
  await rds.waitUntilDBSnapshotDeleted(waiting(), { DBSnapshotIdentifier: 'last-one' });
  await expect(snapshot('last-one')).rejects.toMatchObject(refusal('DBSnapshotNotFoundFault', 404));
});

test('copies: into another region, with the time of the original and a key that belongs there', async () => {
  const there = clientOf(elsewhere);
  const SourceDBSnapshotIdentifier = (await snapshot('first')).DBSnapshotArn;
  const copy = (input: Partial<rds.CopyDBSnapshotCommandInput>) =>
    there.send(
      new rds.CopyDBSnapshotCommand({
        SourceDBSnapshotIdentifier,
        TargetDBSnapshotIdentifier: 'first-copy',
        ...input,
      }),
    );
  const KmsKeyId = `arn:aws:kms:${elsewhere}:000000000000:key/1`;
  await copy({ KmsKeyId });
  await rds.waitUntilDBSnapshotAvailable(
    { ...waiting(), client: there },
    { DBSnapshotIdentifier: 'first-copy' },
  );
  const [original, made] = [await snapshot('first'), await snapshot('first-copy', there)];
  expect(made).toMatchObject({
    DBSnapshotArn: `arn:aws:rds:${elsewhere}:000000000000:snapshot:first-copy`,
    SourceRegion: region,
    SourceDBSnapshotIdentifier,
    Encrypted: true,
    KmsKeyId,
    OriginalSnapshotCreateTime: original.OriginalSnapshotCreateTime,
    TagList: [],
  });
  expect(made.SnapshotCreateTime?.getTime()).toBeGreaterThan(original.SnapshotCreateTime?.getTime() ?? 0);
  await expect(copy({ KmsKeyId })).rejects.toMatchObject(refusal('DBSnapshotAlreadyExistsFault', 400));
  await expect(snapshot('first-copy')).rejects.toMatchObject(refusal('DBSnapshotNotFoundFault', 404));

  await there.send(
    new rds.RestoreDBInstanceFromDBSnapshotCommand({
      DBInstanceIdentifier: 'over-there',
      DBSnapshotIdentifier: 'first-copy',
      BackupRetentionPeriod: 0,
    }),
  );
  await rds.waitUntilDBInstanceAvailable(
    { ...waiting(), client: there },
    { DBInstanceIdentifier: 'over-there' },
  );
  const { DBInstances } = await there.send(new rds.DescribeDBInstancesCommand({}));
  expect(DBInstances).toMatchObject([
    { DBInstanceIdentifier: 'over-there', StorageEncrypted: true, KmsKeyId },
  ]);
  expect(await linesOf(DBInstances?.[0] ?? {})).toEqual([1]);
});

test('who may restore a snapshot: nobody, until it is shared', async () => {
  const attributes = async () => {
    const command = new rds.DescribeDBSnapshotAttributesCommand({ DBSnapshotIdentifier: 'first' });
    return (await client.send(command)).DBSnapshotAttributesResult?.DBSnapshotAttributes;
  };
  const modify = (input: Partial<rds.ModifyDBSnapshotAttributeCommandInput>) =>
    client.send(
      new rds.ModifyDBSnapshotAttributeCommand({
        DBSnapshotIdentifier: 'first',
        AttributeName: 'restore',
        ...input,
      }),
    );
  expect(await attributes()).toEqual([{ AttributeName: 'restore', AttributeValues: [] }]);
  await modify({ ValuesToAdd: ['all', '123456789012'] });
  expect(await attributes()).toEqual([
    { AttributeName: 'restore', AttributeValues: ['all', '123456789012'] },
  ]);
  await modify({ ValuesToRemove: ['all', '123456789012'] });
  expect(await attributes()).toEqual([{ AttributeName: 'restore', AttributeValues: [] }]);
});

test('tags are taken off by ARN', async () => {
  await restore({ DBInstanceIdentifier: 'tagged', Tags: ['a', 'b'].map((Key) => ({ Key, Value: '1 & 2' })) });
  await local.settled();
  const { DBInstanceArn: ResourceName } = await instance('tagged');
  await client.send(new rds.RemoveTagsFromResourceCommand({ ResourceName, TagKeys: ['a', 'none'] }));
  expect((await instance('tagged')).TagList).toEqual([{ Key: 'b', Value: '1 & 2' }]);
  await remove('tagged');
});

test('lists are of one instance, by its parameter or by the one filter there is; events of a deleted instance stay', async () => {
  const listed = async (input: Partial<rds.DescribeDBSnapshotsCommandInput>) =>
    (await client.send(new rds.DescribeDBSnapshotsCommand(input))).DBSnapshots?.map(
      (each) => each.DBInstanceIdentifier,
    );
  const filter = (Name: string, ...Values: string[]) => ({ Filters: [{ Name, Values }] });
  const ours = await listed({ DBInstanceIdentifier });
  expect(new Set(ours)).toEqual(new Set([DBInstanceIdentifier]));
  expect(await listed(filter('db-instance-id', 'STOCKADE'))).toEqual(ours);
  expect(await listed(filter('db-instance-id', 'none'))).toEqual([]);
  for (const other of [filter('engine', 'postgres'), filter('db-instance-id', 'a', 'b')])
    await expect(listed(other)).rejects.toMatchObject(refusal('NotImplemented', 501));
  await expect(listed({ Marker: 'x' })).rejects.toMatchObject(refusal('InvalidParameterValue', 400));
  expect(await newsOf('last-one', 'db-snapshot')).toEqual([
    'Creating manual snapshot',
    'Manual snapshot created',
    'Deleted manual snapshot',
  ]);
});

test('faults: answered ones by operation and times, and those that strike behind the answer', async () => {
  local.faults.inject('throttled', { operation: 'DescribeDBInstances', times: 1 });
  await expect(instance()).rejects.toMatchObject(refusal('Throttling', 400));
  expect((await instance()).DBInstanceStatus).toBe('available');
  local.faults.inject('kms-denied', { operation: 'RestoreDBInstanceFromDBSnapshot', times: 1 });
  await expect(restore({})).rejects.toMatchObject(refusal('KMSKeyNotAccessibleFault', 400));
  local.faults.inject('quota', { times: 2 });
  await expect(restore({})).rejects.toMatchObject(refusal('InstanceQuotaExceededFault', 400));
  await expect(takeSnapshot('over')).rejects.toMatchObject(refusal('SnapshotQuotaExceededFault', 400));

  local.faults.inject('incompatible-restore', { times: 1 });
  await restore({ DBInstanceIdentifier: 'broken' });
  const broken = rds.waitUntilDBInstanceAvailable(waiting(), { DBInstanceIdentifier: 'broken' });
  await expect(broken).rejects.toThrow(/incompatible-restore/);
  local.faults.inject('stuck', { operation: 'RestoreDBInstanceFromDBSnapshot', times: 1 });
  await restore({ DBInstanceIdentifier: 'stuck' });
  await local.settled();
  expect(await instance('stuck')).toMatchObject({ DBInstanceStatus: 'creating' });
  await remove('stuck');
  await remove('broken');

  local.faults.inject('failed', { operation: 'CreateDBSnapshot', times: 1 });
  await takeSnapshot('not-to-be');
  await local.settled();
  expect((await snapshot('not-to-be')).Status).toBe('failed');
  expect((await instance()).DBInstanceStatus).toBe('available');
  const fromFailed = restore({ DBSnapshotIdentifier: 'not-to-be' });
  await expect(fromFailed).rejects.toMatchObject(refusal('InvalidDBSnapshotStateFault', 400));
  const complaints = vi.spyOn(console, 'error').mockImplementation(() => {});
  await client.send(new rds.DeleteDBSnapshotCommand({ DBSnapshotIdentifier: 'not-to-be' }));
  await local.settled();
  expect(complaints.mock.calls).toEqual([]);
  complaints.mockRestore();
});

test('refusals as RDS words them', async () => {
  const attempt = (command: rds.CreateDBSnapshotCommandInput) =>
    client.send(new rds.CreateDBSnapshotCommand(command));
  const bad = { DBSnapshotIdentifier: 'rds:mine', DBInstanceIdentifier };
  await expect(attempt(bad)).rejects.toMatchObject(
    refusal('InvalidParameterValue', 400, /not a valid identifier\. Identifiers must begin with a letter/),
  );
  const none = { DBSnapshotIdentifier: 'x', DBInstanceIdentifier: undefined };
  await expect(attempt(none)).rejects.toMatchObject(refusal('MissingParameter', 400));
  await expect(takeSnapshot('first')).rejects.toMatchObject(
    refusal('DBSnapshotAlreadyExistsFault', 400, /identifier first already exists/),
  );
  const taken = restore({ DBInstanceIdentifier });
  await expect(taken).rejects.toMatchObject(refusal('DBInstanceAlreadyExistsFault', 400));
  const stranger = clientOf(region, createAwsKey());
  await expect(stranger.send(new rds.DescribeDBInstancesCommand({}))).rejects.toMatchObject({
    name: 'InvalidClientTokenId',
  });
});

test('what is past its retention goes, but for the snapshot that leads to its first day; with 0 days all of it', async () => {
  const keepFor = async (BackupRetentionPeriod: number) => {
    await client.send(new rds.ModifyDBInstanceCommand({ DBInstanceIdentifier, BackupRetentionPeriod }));
    await rds.waitUntilDBInstanceAvailable(waiting(), { DBInstanceIdentifier });
  };
  await local.round({ snapshotEveryMs: 0 });
  await local.settled();
  const namesOf = async () => (await automated()).map((each) => each.DBSnapshotIdentifier);
  const [first, ...more] = await namesOf();
  expect(more).toEqual([expect.any(String), expect.any(String)]);
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 30 * 86_400_000 });
  await local.round({ snapshotEveryMs: Number.POSITIVE_INFINITY });
  vi.useRealTimers();
  expect(await namesOf()).toEqual(more);
  expect(more).not.toContain(first);

  await keepFor(0);
  await local.round();
  await local.settled();
  expect([await automated(), await readdir(cluster.archiveDirectory ?? '')]).toEqual([[], []]);
  expect((await instance()).LatestRestorableTime).toBeUndefined();
  const refused = restoreTo({ UseLatestRestorableTime: true });
  await expect(refused).rejects.toMatchObject(refusal('PointInTimeRestoreNotEnabledFault', 400));
  await keepFor(7);
  await local.round();
  await local.settled();
  expect(await automated()).toMatchObject([{ Status: 'available' }]);
});

test('after a restart instances, snapshots and restorable times are there again', async () => {
  await restore({ DBInstanceIdentifier: 'lasting' });
  await local.settled();
  const pid = local.clusterOf('lasting')?.pid ?? 0;
  await add(40);
  await local.round();
  const time = await clock();
  await local.close();
  expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);

  local = await start();
  await local.attach(attachment());
  client = clientOf();
  await rds.waitUntilDBInstanceAvailable(waiting(), { DBInstanceIdentifier: 'lasting' });
  expect(await linesOf(await instance('lasting'))).toEqual([1]);
  expect((await snapshot('first')).Status).toBe('available');
  await local.round();
  expect((await instance()).LatestRestorableTime?.getTime()).toBeGreaterThan(time.getTime());
  await remove('lasting');
  expect((await readFile(join(folder, 'rds/state.json'), 'utf8')).includes('"stockade"')).toBe(true);
});
