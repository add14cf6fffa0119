import { open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as rds from '@aws-sdk/client-rds';
import { beforeAll, expect, test, vi } from 'vitest';
import { DBInstanceIdentifier, openRdsService, refusal, region } from '#tests/local/rds-service.ts';
import { createAwsKey } from '../signature.ts';

const elsewhere = 'eu-west-1';
const world = openRdsService();
const { waiting, instance, snapshot, takeSnapshot, restore, remove, newsOf, linesOf, add, clock, clientOf } =
  world;

beforeAll(async () => {
  await add(1);
  await takeSnapshot('first');
  await world.local.settled();
});

test('the platform’s cluster is an instance, with what the API says of one', async () => {
  expect(await instance()).toMatchObject({
    DBInstanceIdentifier,
    DBInstanceArn: `arn:aws:rds:${region}:000000000000:db:stockade`,
    DbiResourceId: expect.stringMatching(/^db-[A-Z2-7]{26}$/),
    DBInstanceStatus: 'available',
    Engine: 'postgres',
    EngineVersion: expect.stringMatching(/^\d+\.\d+$/),
    Endpoint: { Address: '127.0.0.1', Port: world.cluster.port },
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

test('deletion: protection, and never the platform’s own; no final snapshot is taken', async () => {
  const command = (input: Partial<rds.DeleteDBInstanceCommandInput>) =>
    world.client.send(new rds.DeleteDBInstanceCommand({ DBInstanceIdentifier, ...input }));
  await expect(command({ SkipFinalSnapshot: true })).rejects.toMatchObject(
    refusal('InvalidParameterCombination', 400, /^Cannot delete protected DB Instance, please disable/),
  );
  await world.client.send(
    new rds.ModifyDBInstanceCommand({ DBInstanceIdentifier, DeletionProtection: false }),
  );
  await rds.waitUntilDBInstanceAvailable(waiting(), { DBInstanceIdentifier });
  await expect(command({ SkipFinalSnapshot: true })).rejects.toMatchObject(refusal('AccessDenied', 403));
  await world.client.send(
    new rds.ModifyDBInstanceCommand({ DBInstanceIdentifier, DeletionProtection: true }),
  );

  await restore({ DBInstanceIdentifier: 'leaving' });
  await rds.waitUntilDBInstanceAvailable(waiting(), { DBInstanceIdentifier: 'leaving' });
  const leaving = { DBInstanceIdentifier: 'leaving' };
  for (const input of [{}, { SkipFinalSnapshot: true, DeleteAutomatedBackups: false }]) {
    await expect(command({ ...leaving, ...input })).rejects.toMatchObject(refusal('NotImplemented', 501));
  }
  await remove('leaving');
  await takeSnapshot('last-one');
  await rds.waitUntilDBSnapshotAvailable(waiting(), { DBSnapshotIdentifier: 'last-one' });
  await world.client.send(new rds.DeleteDBSnapshotCommand({ DBSnapshotIdentifier: 'last-one' }));
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

test('a copy that would fill the disk fails before it begins', async () => {
  // Nothing of these terabytes is stored: the file has only their length.
  const vast = join(world.local.folderOf('first'), 'vast');
  const handle = await open(vast, 'w');
  await handle.truncate(8 * 1024 ** 4);
  await handle.close();
  const error = vi.spyOn(console, 'error').mockImplementation(() => {});
  try {
    await world.client.send(
      new rds.CopyDBSnapshotCommand({
        SourceDBSnapshotIdentifier: 'first',
        TargetDBSnapshotIdentifier: 'too-large',
      }),
    );
    await expect.poll(async () => (await snapshot('too-large')).Status, { timeout: 10_000 }).toBe('failed');
    expect(error.mock.calls.flat().join()).toMatch(/the copy needs \d+ MB of free disk/);
  } finally {
    error.mockRestore();
    await rm(vast);
  }
});

test('who may restore a snapshot: nobody, until it is shared', async () => {
  const attributes = async () => {
    const command = new rds.DescribeDBSnapshotAttributesCommand({ DBSnapshotIdentifier: 'first' });
    return (await world.client.send(command)).DBSnapshotAttributesResult?.DBSnapshotAttributes;
  };
  const modify = (input: Partial<rds.ModifyDBSnapshotAttributeCommandInput>) =>
    world.client.send(
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
  await world.local.settled();
  const { DBInstanceArn: ResourceName } = await instance('tagged');
  await world.client.send(new rds.RemoveTagsFromResourceCommand({ ResourceName, TagKeys: ['a', 'none'] }));
  expect((await instance('tagged')).TagList).toEqual([{ Key: 'b', Value: '1 & 2' }]);
  await remove('tagged');
});

test('lists are of one instance, by its parameter or by the one filter there is; events of a deleted instance stay', async () => {
  const listed = async (input: Partial<rds.DescribeDBSnapshotsCommandInput>) =>
    (await world.client.send(new rds.DescribeDBSnapshotsCommand(input))).DBSnapshots?.map(
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
  world.local.faults.inject('throttled', { operation: 'DescribeDBInstances', times: 1 });
  await expect(instance()).rejects.toMatchObject(refusal('Throttling', 400));
  expect((await instance()).DBInstanceStatus).toBe('available');
  world.local.faults.inject('kms-denied', { operation: 'RestoreDBInstanceFromDBSnapshot', times: 1 });
  await expect(restore({})).rejects.toMatchObject(refusal('KMSKeyNotAccessibleFault', 400));
  world.local.faults.inject('quota', { times: 2 });
  await expect(restore({})).rejects.toMatchObject(refusal('InstanceQuotaExceededFault', 400));
  await expect(takeSnapshot('over')).rejects.toMatchObject(refusal('SnapshotQuotaExceededFault', 400));

  world.local.faults.inject('incompatible-restore', { times: 1 });
  await restore({ DBInstanceIdentifier: 'broken' });
  const broken = rds.waitUntilDBInstanceAvailable(waiting(), { DBInstanceIdentifier: 'broken' });
  await expect(broken).rejects.toThrow(/incompatible-restore/);
  world.local.faults.inject('stuck', { operation: 'RestoreDBInstanceFromDBSnapshot', times: 1 });
  await restore({ DBInstanceIdentifier: 'stuck' });
  await world.local.settled();
  expect(await instance('stuck')).toMatchObject({ DBInstanceStatus: 'creating' });
  await remove('stuck');
  await remove('broken');

  world.local.faults.inject('failed', { operation: 'CreateDBSnapshot', times: 1 });
  await takeSnapshot('not-to-be');
  await world.local.settled();
  expect((await snapshot('not-to-be')).Status).toBe('failed');
  expect((await instance()).DBInstanceStatus).toBe('available');
  const fromFailed = restore({ DBSnapshotIdentifier: 'not-to-be' });
  await expect(fromFailed).rejects.toMatchObject(refusal('InvalidDBSnapshotStateFault', 400));
  const complaints = vi.spyOn(console, 'error').mockImplementation(() => {});
  await world.client.send(new rds.DeleteDBSnapshotCommand({ DBSnapshotIdentifier: 'not-to-be' }));
  await world.local.settled();
  expect(complaints.mock.calls).toEqual([]);
  complaints.mockRestore();
});

test('refusals as RDS words them', async () => {
  const attempt = (command: rds.CreateDBSnapshotCommandInput) =>
    world.client.send(new rds.CreateDBSnapshotCommand(command));
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

test('after a restart instances, snapshots and restorable times are there again', async () => {
  await restore({ DBInstanceIdentifier: 'lasting' });
  await world.local.settled();
  const pid = world.local.clusterOf('lasting')?.pid ?? 0;
  await add(40);
  await world.local.round();
  const time = await clock();
  await world.local.close();
  expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);

  await world.startAgain();
  await rds.waitUntilDBInstanceAvailable(waiting(), { DBInstanceIdentifier: 'lasting' });
  expect(await linesOf(await instance('lasting'))).toEqual([1]);
  expect((await snapshot('first')).Status).toBe('available');
  await world.local.round();
  expect((await instance()).LatestRestorableTime?.getTime()).toBeGreaterThan(time.getTime());
  await remove('lasting');
  expect((await readFile(join(world.folder, 'rds/state.json'), 'utf8')).includes('"stockade"')).toBe(true);
});
