import { describe, expect, test } from 'vitest';
import { environment } from '#platform/environment.ts';
import { backedUpDatabase, isReachedAt } from '#recovery/backed-up-database.ts';
import { backupSource, configuredSource } from '#recovery/monitor/source-of.ts';
import * as rds from '#recovery/rds/rds.ts';
import * as aurora from '#recovery/rds/rds-cluster.ts';
import { openScripted, refused } from './scripted-aws.ts';

const script = openScripted('rds');

describe('the accounts that may restore a snapshot', () => {
  const attributes = (...found: readonly (readonly [string, ...string[]])[]) =>
    found.map(([AttributeName, ...accounts]) => ({
      AttributeName,
      AttributeValues: { AttributeValue: accounts },
    }));

  test('are in its attribute restore', async () => {
    const DBSnapshotAttribute = attributes(['another', '1'], ['restore', '2', 'all']);
    script.answer('DescribeDBSnapshotAttributes', {
      DBSnapshotAttributesResult: { DBSnapshotAttributes: { DBSnapshotAttribute } },
    });
    expect(await rds.listRestorers('s', 'eu-west-1')).toEqual(['2', 'all']);
    expect(script.asked()[0]?.region).toBe('eu-west-1');
    script.answer('DescribeDBClusterSnapshotAttributes', {
      DBClusterSnapshotAttributesResult: {
        DBClusterSnapshotAttributes: { DBClusterSnapshotAttribute: DBSnapshotAttribute },
      },
    });
    expect(await aurora.listClusterRestorers('s', 'eu-west-1')).toEqual(['2', 'all']);
    expect(script.asked()[1]?.region).toBe('eu-west-1');
  });

  test('are none without that attribute', async () => {
    script.answer('DescribeDBSnapshotAttributes', {});
    script.answer('DescribeDBClusterSnapshotAttributes', {});
    expect([await rds.listRestorers('s'), await aurora.listClusterRestorers('s')]).toEqual([[], []]);
  });
});

describe('the backed-up database', () => {
  const host = 'ledger.abc.eu-central-1.rds.amazonaws.com';

  test('is read from the description of an instance or a cluster', async () => {
    script.answer('DescribeDBInstances', {
      DBInstances: {
        DBInstance: [
          {
            LatestRestorableTime: '2026-03-01T00:00:00Z',
            BackupRetentionPeriod: 7,
            Endpoint: { Address: host },
          },
        ],
      },
    });
    expect(await backedUpDatabase({ kind: 'instance', identifier: 'ledger', copyRegion: undefined })).toEqual(
      {
        identifier: 'ledger',
        latestRestorableAt: new Date('2026-03-01T00:00:00Z'),
        retentionDays: 7,
        addresses: [host],
        members: [],
      },
    );
    script.answer('DescribeDBClusters', {
      DBClusters: {
        DBCluster: [
          {
            ...{ Endpoint: 'writer', CustomEndpoints: { member: ['custom'] } },
            DBClusterMembers: { DBClusterMember: [{ DBInstanceIdentifier: 'books-1' }] },
          },
        ],
      },
    });
    expect(await backedUpDatabase({ kind: 'cluster', identifier: 'books', copyRegion: undefined })).toEqual({
      identifier: 'books',
      latestRestorableAt: undefined,
      retentionDays: 0,
      addresses: ['writer', 'custom'],
      members: ['books-1'],
    });
  });

  test('that does not exist is reported', async () => {
    script.answer('DescribeDBInstances', refused('DBInstanceNotFound', 'no', 404));
    script.answer('DescribeDBClusters', refused('DBClusterNotFoundFault', 'no', 404));
    for (const kind of ['instance', 'cluster'] as const) {
      await expect(backedUpDatabase({ kind, identifier: 'x', copyRegion: undefined })).rejects.toThrow(
        `there is no ${kind} x in this region and account`,
      );
    }
  });

  test.each([
    [host, true],
    [host.toUpperCase(), true],
    ['books-1.abc.eu-central-1.rds.amazonaws.com', true],
    ['pool.proxy-abc.eu-central-1.rds.amazonaws.com', true],
    ['proxy-abc.eu-central-1.rds.amazonaws.com', false],
    ['books-2.abc.eu-central-1.rds.amazonaws.com', false],
    [`x${host}`, false],
  ])('is reached at %s: %s', (hostname, isReached) => {
    const database = {
      ...{ identifier: 'ledger', latestRestorableAt: undefined, retentionDays: 7 },
      addresses: ['LEDGER.abc.eu-central-1.rds.amazonaws.com'],
      members: ['books-1'],
    };
    expect(isReachedAt(database, hostname)).toBe(isReached);
  });
});

describe('the backups of an instance, as the monitor reads them', () => {
  const source = () => backupSource({ kind: 'instance', identifier: 'ledger', copyRegion: 'eu-west-1' });

  test('a value that RDS does not give counts as the worst', async () => {
    script.answer('DescribeDBInstances', {
      DBInstances: { DBInstance: [{ DBInstanceIdentifier: 'ledger' }] },
    });
    script.answer('DescribeDBInstanceAutomatedBackups', {});
    script.answer('DescribeDBSnapshots', { DBSnapshots: { DBSnapshot: [{ Encrypted: true }, {}] } });
    const ledger = source();
    expect(await ledger.database()).toEqual({
      ...{ identifier: 'ledger', status: 'unknown', createdAt: undefined, retentionDays: 0 },
      ...{ earliestRestorableAt: undefined, latestRestorableAt: undefined },
      ...{ isEncrypted: false, isDeletionProtected: false },
    });
    const unknown = { identifier: '', status: 'unknown', kind: 'unknown', takenAt: undefined };
    expect(await ledger.snapshots()).toEqual([
      { ...unknown, isEncrypted: true },
      { ...unknown, isEncrypted: false },
    ]);
    const before = script.actions();
    await Promise.all([ledger.database(), ledger.snapshots()]);
    expect(script.actions()).toEqual(before);
  });

  test('a snapshot is as old as its original, and a copy without that time has no age', async () => {
    const SnapshotCreateTime = '2026-03-01T00:00:00Z';
    const OriginalSnapshotCreateTime = '2026-02-01T00:00:00Z';
    const DBSnapshot = [
      { SnapshotCreateTime, OriginalSnapshotCreateTime, SourceDBSnapshotIdentifier: 'arn' },
      { SnapshotCreateTime },
      { SnapshotCreateTime, SourceDBSnapshotIdentifier: 'arn' },
    ];
    script.answer('DescribeDBSnapshots', { DBSnapshots: { DBSnapshot } });
    expect((await source().snapshots()).map(({ takenAt }) => takenAt)).toEqual([
      new Date(OriginalSnapshotCreateTime),
      new Date(SnapshotCreateTime),
      undefined,
    ]);
  });

  test('copies in another region are read there, once', async () => {
    script.answer('DescribeDBSnapshots', { DBSnapshots: { DBSnapshot: [] } });
    script.answer('DescribeDBInstanceAutomatedBackups', {
      DBInstanceAutomatedBackups: {
        DBInstanceAutomatedBackup: [
          { Status: 'replicating', Encrypted: false, RestoreWindow: { LatestTime: '2026-03-01T00:00:00Z' } },
        ],
      },
    });
    const ledger = source();
    const copies = await ledger.copies('eu-west-1');
    expect(copies).toEqual({
      snapshots: [],
      replicaReachesTo: new Date('2026-03-01T00:00:00Z'),
      isReplicaEncrypted: false,
    });
    expect(await ledger.copies('eu-west-1')).toBe(copies);
    expect(script.asked().map(({ region }) => region)).toEqual(['eu-west-1', 'eu-west-1']);
  });

  test('drill instances have the id of their drill and the time of their beginning', async () => {
    const Tag = [
      { Key: rds.drillTag, Value: '000001' },
      { Key: rds.begunTag, Value: '2026-03-01T00:00:00.000Z' },
    ];
    const DBInstance = [
      { DBInstanceIdentifier: 'stockade-drill-1', DBInstanceStatus: 'creating', TagList: { Tag } },
      {
        DBInstanceIdentifier: 'stockade-drill-2',
        InstanceCreateTime: '2026-03-02T00:00:00Z',
        TagList: { Tag },
      },
      {
        DBInstanceIdentifier: 'stockade-drill-3',
        TagList: { Tag: [{ Key: rds.begunTag, Value: 'long ago' }] },
      },
    ];
    script.answer('DescribeDBInstances', { DBInstances: { DBInstance } });
    const at = (day: number) => new Date(Date.UTC(2026, 2, day));
    expect(await source().drillInstances()).toEqual([
      { identifier: 'stockade-drill-1', status: 'creating', drillId: '000001', begunAt: at(1) },
      { identifier: 'stockade-drill-2', status: 'unknown', drillId: '000001', begunAt: at(2) },
      { identifier: 'stockade-drill-3', status: 'unknown', drillId: undefined, begunAt: undefined },
    ]);
  });

  test('without a configured database every reader raises, and a cluster alone is enough', async () => {
    const nobody = configuredSource({});
    expect([nobody.identifier, nobody.copyRegion]).toEqual(['', 'not configured']);
    for (const asks of [nobody.database, nobody.snapshots, nobody.drillInstances]) {
      await expect(asks()).rejects.toThrow(`${environment.dbInstanceIdentifier} is not set`);
    }
    expect(configuredSource({ [environment.dbClusterIdentifier]: 'books' })).toMatchObject({
      kind: 'cluster',
      identifier: 'books',
      copyRegion: undefined,
    });
  });
});
