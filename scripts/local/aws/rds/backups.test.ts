import { readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as rds from '@aws-sdk/client-rds';
import { expect, test, vi } from 'vitest';
import { DBInstanceIdentifier, openRdsService, refusal, region } from '#tests/local/rds-service.ts';

const world = openRdsService();
const { waiting, instance, snapshot, takeSnapshot, restore, remove, newsOf, linesOf, add, clock } = world;

const restoreTo = (input: Partial<rds.RestoreDBInstanceToPointInTimeCommandInput>) =>
  world.client.send(
    new rds.RestoreDBInstanceToPointInTimeCommand({
      SourceDBInstanceIdentifier: DBInstanceIdentifier,
      TargetDBInstanceIdentifier: 'back-then',
      BackupRetentionPeriod: 0,
      ...input,
    }),
  );
const automated = async () => {
  const { DBSnapshots = [] } = await world.client.send(new rds.DescribeDBSnapshotsCommand({}));
  return DBSnapshots.filter(({ SnapshotType }) => SnapshotType === 'automated');
};

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
    Port: world.cluster.port,
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
  await world.database.query('grant select on line to teller');
  await expect(linesOf(restored, 'teller', 'teller')).rejects.toThrow(/permission denied/);

  const pid = world.local.clusterOf('restored')?.pid ?? 0;
  expect(await remove('restored')).toMatchObject({ DBInstanceStatus: 'deleting' });
  await expect(instance('restored')).rejects.toMatchObject({ name: 'DBInstanceNotFoundFault' });
  expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
  expect(await readdir(join(world.folder, 'rds/instances'))).toEqual([]);
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
  await world.local.round();
  expect((await instance()).LatestRestorableTime?.getTime()).toBeGreaterThan(time.getTime());
  const { DBInstanceAutomatedBackups: [kept] = [] } = await world.client.send(
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
  await world.local.round();
  const before = await readdir(world.cluster.archiveDirectory ?? '');
  await add(20);
  await world.local.round();
  const time = await clock();
  await add(21);
  await world.local.round();
  const added = (await readdir(world.cluster.archiveDirectory ?? '')).filter(
    (name) => !before.includes(name),
  );
  await rm(join(world.cluster.archiveDirectory ?? '', added.sort()[0] ?? ''));
  expect((await instance()).LatestRestorableTime?.getTime()).toBeLessThan(time.getTime());
  await expect(restoreTo({ RestoreTime: time })).rejects.toMatchObject({ name: 'InvalidParameterValue' });

  await world.local.round({ snapshotEveryMs: 0 });
  await world.local.settled();
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
    world.client.send(new rds.ModifyDBInstanceCommand({ DBInstanceIdentifier: 'kept', ...input }));
  const { DBInstance } = await modify({ MasterUserPassword: 'another-password', DeletionProtection: false });
  expect(DBInstance?.DBInstanceStatus).toBe('resetting-master-credentials');
  await expect(modify({ BackupRetentionPeriod: 3 })).rejects.toMatchObject(
    refusal('InvalidDBInstanceStateFault', 400, /not in available state/),
  );
  await rds.waitUntilDBInstanceAvailable(waiting(), { DBInstanceIdentifier: 'kept' });
  await expect(linesOf(kept)).rejects.toThrow(/password authentication failed/);
  expect(await linesOf(kept, 'postgres', 'another-password')).toEqual([1]);

  process.kill(world.local.clusterOf('kept')?.pid ?? Number.NaN, 'SIGKILL');
  await expect
    .poll(async () => (await instance('kept')).DBInstanceStatus, { timeout: 20_000 })
    .toBe('failed');
  expect(world.local.clusterOf('kept')).toBeUndefined();
  await remove('kept');
  expect(new Set((await automated()).map((each) => each.DBInstanceIdentifier))).toEqual(
    new Set([DBInstanceIdentifier]),
  );
});

test('an instance whose WAL cannot be kept has failed, runs no longer, and can be deleted', async () => {
  const marks = join(world.folder, 'rds/marks');
  await rename(marks, `${marks}.away`);
  await writeFile(marks, '');
  try {
    await restore({ DBInstanceIdentifier: 'unkept', BackupRetentionPeriod: 1 });
    await restore({ DBInstanceIdentifier: 'kept-later' });
    await world.local.settled();
    await world.client.send(
      new rds.ModifyDBInstanceCommand({ DBInstanceIdentifier: 'kept-later', BackupRetentionPeriod: 1 }),
    );
    await world.local.settled();
  } finally {
    await rm(marks);
    await rename(`${marks}.away`, marks);
  }
  for (const name of ['unkept', 'kept-later']) {
    expect([name, (await instance(name)).DBInstanceStatus]).toEqual([name, 'failed']);
    expect(world.local.clusterOf(name)).toBeUndefined();
    await remove(name);
  }
  expect(await readdir(join(world.folder, 'rds/instances'))).toEqual([]);
});

test('what is past its retention goes, but for the snapshot that leads to its first day; with 0 days all of it', async () => {
  const keepFor = async (BackupRetentionPeriod: number) => {
    await world.client.send(new rds.ModifyDBInstanceCommand({ DBInstanceIdentifier, BackupRetentionPeriod }));
    await rds.waitUntilDBInstanceAvailable(waiting(), { DBInstanceIdentifier });
  };
  await world.local.round({ snapshotEveryMs: 0 });
  await world.local.settled();
  const namesOf = async () => (await automated()).map((each) => each.DBSnapshotIdentifier);
  const [first, ...more] = await namesOf();
  expect(more).toEqual([expect.any(String), expect.any(String)]);
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 30 * 86_400_000 });
  await world.local.round({ snapshotEveryMs: Number.POSITIVE_INFINITY });
  vi.useRealTimers();
  expect(await namesOf()).toEqual(more);
  expect(more).not.toContain(first);

  await keepFor(0);
  await world.local.round();
  await world.local.settled();
  expect([await automated(), await readdir(world.cluster.archiveDirectory ?? '')]).toEqual([[], []]);
  expect((await instance()).LatestRestorableTime).toBeUndefined();
  const refused = restoreTo({ UseLatestRestorableTime: true });
  await expect(refused).rejects.toMatchObject(refusal('PointInTimeRestoreNotEnabledFault', 400));
  await keepFor(7);
  await world.local.round();
  await world.local.settled();
  expect(await automated()).toMatchObject([{ Status: 'available' }]);
});
