import * as sns from '@aws-sdk/client-sns';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { closeAwsClients } from '#platform/aws/call.ts';
import { environment } from '#platform/environment.ts';
import type { CheckResult } from '#recovery/monitor/check.ts';
import { checkBackups } from '#recovery/monitor/monitor.ts';
import { configuredSource } from '#recovery/monitor/source-of.ts';
import type { XmlElements } from '#scripts/local/aws/xml.ts';
import { inJobs } from '#tenancy/jobs.ts';
import { openAws } from '#tests/aws.ts';
import { openWorld } from '#tests/world.ts';
import { type AuroraState, startAurora } from '../aurora.ts';
import { dayMs, goodDrill, hourMs, minuteMs, otherRegion, region } from '../backed-up-world.ts';

openWorld();
openAws();
const state = {} as AuroraState;
let aurora: Awaited<ReturnType<typeof startAurora>>;

const DBClusterIdentifier = 'ledger';
const ago = (ms: number) => new Date(Date.now() - ms).toISOString();
const arn = (of: string, name: string) => `arn:aws:rds:${of}:000000000000:cluster-snapshot:${name}`;

function snapshot(name: string, ageMs: number, more: XmlElements = {}, of = region): XmlElements {
  return {
    DBClusterIdentifier,
    DBClusterSnapshotIdentifier: name,
    DBClusterSnapshotArn: arn(of, name),
    SnapshotType: 'automated',
    SnapshotCreateTime: ago(ageMs),
    StorageEncrypted: true,
    Status: 'available',
    ...more,
  };
}

beforeAll(async () => {
  aurora = await startAurora(state);
  closeAwsClients();
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_RDS: aurora.url,
    [environment.dbClusterIdentifier]: DBClusterIdentifier,
    [environment.backupCopyRegion]: otherRegion,
  });
  delete process.env[environment.dbInstanceIdentifier];
  const client = new sns.SNSClient();
  const TopicArn = process.env[environment.alertTopicArn];
  await client.send(new sns.SubscribeCommand({ TopicArn, Protocol: 'sms', Endpoint: '+493012345678' }));
  client.destroy();
});
afterAll(async () => {
  delete process.env[environment.dbClusterIdentifier];
  closeAwsClients();
  await aurora?.close();
});

/** A cluster that passes every check. */
beforeEach(() => {
  state.cluster = {
    DBClusterIdentifier,
    Status: 'available',
    BackupRetentionPeriod: 14,
    ClusterCreateTime: ago(100 * dayMs),
    EarliestRestorableTime: ago(14 * dayMs),
    LatestRestorableTime: ago(2 * minuteMs),
    StorageEncrypted: true,
    DeletionProtection: true,
  };
  state.snapshots = {
    [region]: [
      { description: snapshot('rds:ledger-today', 5 * hourMs), restorers: [] },
      { description: snapshot('by-hand', 30 * hourMs, { SnapshotType: 'manual' }), restorers: [] },
    ],
    [otherRegion]: [
      {
        description: snapshot(
          'copied',
          hourMs,
          { SnapshotType: 'manual', SourceDBClusterSnapshotArn: arn(region, 'rds:ledger-today') },
          otherRegion,
        ),
        restorers: [],
      },
    ],
  };
  state.replicas = {};
  state.begun = {};
});

async function look(): Promise<Map<string, CheckResult>> {
  const rds = configuredSource();
  const results = await checkBackups({
    rds,
    inJobs,
    lastDrill: async () => goodDrill(new Date(), DBClusterIdentifier),
  });
  return new Map(results.map((each) => [each.check, each]));
}
const statusOf = async (check: string) => (await look()).get(check)?.status;
const change = (more: XmlElements) => {
  state.cluster = { ...state.cluster, ...more };
};

test('a healthy cluster passes every check that applies', async () => {
  const results = [...(await look()).values()];
  expect(results.filter(({ status }) => status !== 'ok').map(({ check, status }) => [check, status])).toEqual(
    [
      ['wal-archiving', 'not_applicable'],
      // Aurora storage guarantees durability: the settings of Postgres do not matter.
      ['durability', 'not_applicable'],
      ['alert-path', 'warn'],
    ],
  );
});

test.each<[check: string, what: string, break_: () => void]>([
  ['database-status', 'is gone', () => change({ DBClusterIdentifier: 'another' })],
  ['database-status', 'has lost its key', () => change({ Status: 'inaccessible-encryption-credentials' })],
  ['latest-restorable-time', 'is far behind', () => change({ LatestRestorableTime: ago(20 * minuteMs) })],
  ['retention', 'keeps a day', () => change({ BackupRetentionPeriod: 1 })],
  [
    'retention',
    'can be restored only to the last minutes',
    // For example after backups were switched off and on again.
    () => change({ ClusterCreateTime: ago(400 * dayMs), EarliestRestorableTime: ago(10 * minuteMs) }),
  ],
  [
    'retention',
    'has no creation time, and can be restored to two days ago at most',
    () => change({ ClusterCreateTime: undefined, EarliestRestorableTime: ago(2 * dayMs) }),
  ],
  ['retention', 'has an oldest backup from tomorrow', () => change({ EarliestRestorableTime: ago(-dayMs) })],
  ['encryption', 'is not encrypted', () => change({ StorageEncrypted: false })],
  ['deletion-protection', 'can be deleted', () => change({ DeletionProtection: false })],
  [
    'newest-snapshot',
    'has only an old snapshot, and a copy of it from today',
    () => {
      const copy = { SnapshotType: 'manual', SourceDBClusterSnapshotArn: arn(region, 'old') };
      state.snapshots[region] = [
        { description: snapshot('old', 40 * hourMs), restorers: [] },
        { description: snapshot('copy-of-old', hourMs, copy), restorers: [] },
      ];
    },
  ],
  [
    'snapshots-finish',
    'has a snapshot that is stuck',
    () => {
      const stuck = snapshot('stuck', 0, { Status: 'creating' });
      state.snapshots[region]?.push({ description: stuck, restorers: [] });
      state.begun.stuck = new Date(Date.now() - 7 * hourMs);
    },
  ],
  [
    'snapshots-finish',
    'has an unfinished snapshot with an unknown beginning',
    () => {
      state.snapshots[region]?.push({
        description: snapshot('forgotten', 0, { Status: 'creating' }),
        restorers: [],
      });
    },
  ],
  [
    'snapshots-private',
    'has a public snapshot',
    () => {
      const open = snapshot('open', hourMs, { SnapshotType: 'manual' });
      state.snapshots[region]?.push({ description: open, restorers: ['all'] });
    },
  ],
  [
    'copy-elsewhere',
    'has copies elsewhere whose originals are unknown',
    () => {
      state.snapshots[region] = [{ description: snapshot('another', 5 * hourMs), restorers: [] }];
    },
  ],
])('%s fails when the cluster %s', async (check, _, break_) => {
  expect(await statusOf(check)).toBe('ok');
  break_();
  expect(await statusOf(check)).toBe('fail');
});

test('backups must reach back for the minimum, or to the creation of the cluster, less a day', async () => {
  const reach = async (BackupRetentionPeriod: number, livedMs: number, reachMs: number) => {
    change({
      BackupRetentionPeriod,
      ClusterCreateTime: ago(livedMs),
      EarliestRestorableTime: ago(reachMs),
    });
    return (await look()).get('retention');
  };
  expect(await reach(14, 400 * dayMs, 13 * dayMs)).toMatchObject({ status: 'ok' });
  expect(await reach(14, 20 * hourMs, minuteMs)).toMatchObject({ status: 'ok' });
  expect(await reach(14, 3 * dayMs, 3 * dayMs - 2 * hourMs)).toMatchObject({ status: 'ok' });
  // The retention was raised recently: the backups still reach back as far as promised.
  expect(await reach(35, 400 * dayMs, 14 * dayMs)).toMatchObject({ status: 'ok' });
  expect(await reach(14, 400 * dayMs, 8 * dayMs)).toMatchObject({
    status: 'warn',
    summary: 'Backups of ledger are kept for 14 days, but they reach back only 8 d; the minimum is 14 d.',
  });
  // A retention that is too short does not hide missing backups.
  expect(await reach(10, 400 * dayMs, hourMs)).toMatchObject({ status: 'fail' });
  expect(await reach(14, 3 * dayMs, hourMs)).toMatchObject({
    status: 'fail',
    summary: 'Backups of ledger are kept for 14 days, but they reach back only 1 h; the minimum is 3 d.',
  });
});

test('replicated backups count as a copy in another region', async () => {
  state.snapshots[otherRegion] = [];
  expect(await statusOf('copy-elsewhere')).toBe('fail');
  const window = { EarliestTime: ago(dayMs), LatestTime: ago(hourMs) };
  state.replicas[otherRegion] = [{ DBClusterIdentifier, RestoreWindow: window, StorageEncrypted: true }];
  expect(await statusOf('copy-elsewhere')).toBe('ok');
  state.replicas[otherRegion] = [{ DBClusterIdentifier, RestoreWindow: window, StorageEncrypted: false }];
  expect(await statusOf('copy-elsewhere')).toBe('fail');
});

test('without permission, every check that asks RDS could not run', async () => {
  const end = aurora.faults.inject('denied');
  const results = await look();
  end();
  const blind = [...results.values()].filter(({ status }) => status === 'could_not_run');
  expect(blind.map(({ check }) => check)).toEqual([
    'database-status',
    'latest-restorable-time',
    'newest-snapshot',
    'snapshots-finish',
    'copy-elsewhere',
    'retention',
    'encryption',
    'snapshots-private',
    'deletion-protection',
    'drill-leftovers',
  ]);
  expect(new Set(blind.map(({ reason }) => reason))).toEqual(new Set(['permission_missing']));
});
