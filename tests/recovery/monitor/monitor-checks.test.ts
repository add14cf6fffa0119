import * as rds from '@aws-sdk/client-rds';
import * as sns from '@aws-sdk/client-sns';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { putEvidence, readEvidence } from '#platform/aws/evidence.ts';
import { environment } from '#platform/environment.ts';
import { brokenLinks, lastDrill, recordMilestone } from '#recovery/drill/records.ts';
import { sendAlertProbe } from '#recovery/monitor/alert-probe.ts';
import type { CheckResult } from '#recovery/monitor/check.ts';
import { checkBackups, type MonitorOptions } from '#recovery/monitor/monitor.ts';
import { backupSource, configuredSource } from '#recovery/monitor/source-of.ts';
import { recoveryPolicy } from '#recovery/policy.ts';
import { restoreFromSnapshot } from '#recovery/rds/rds.ts';
import { inJobs } from '#tenancy/jobs.ts';
import {
  dayMs,
  goodDrill,
  hourMs,
  instance,
  minuteMs,
  openBackedUp,
  otherRegion,
  region,
} from '../backed-up-world.ts';

const world = openBackedUp();
afterEach(() => world.aws.rds.faults.clear());

beforeAll(async () => {
  await inJobs((jobs) => sendAlertProbe(jobs, recoveryPolicy, new Date()));
  await world.received();
});

/** Runs every check. */
async function look(options: Partial<MonitorOptions> = {}): Promise<Map<string, CheckResult>> {
  const results = await checkBackups({
    rds: configuredSource(),
    inJobs,
    lastDrill: async () => goodDrill(options.now),
    ...options,
  });
  return new Map(results.map((each) => [each.check, each]));
}

async function lookAt(check: string, options?: Partial<MonitorOptions>): Promise<CheckResult> {
  const result = (await look(options)).get(check);
  if (!result) throw new Error(`there is no check ${check}`);
  return result;
}

const later = (ms: number) => new Date(Date.now() + ms);
const admin = { client: () => world.client() };
const change = async (input: Partial<rds.ModifyDBInstanceCommandInput>) => {
  const command = new rds.ModifyDBInstanceCommand({ DBInstanceIdentifier: instance, ...input });
  await admin.client().send(command);
  await world.aws.rds.settled();
};
const remove = async (DBInstanceIdentifier: string) => {
  await admin
    .client()
    .send(new rds.DeleteDBInstanceCommand({ DBInstanceIdentifier, SkipFinalSnapshot: true }));
  await world.aws.rds.settled();
};

test('a healthy backup passes every check that applies, and no other counts as passed', async () => {
  await world.round();
  const results = [...(await look()).values()];
  expect(results.map(({ check, status }) => [check, status])).toEqual([
    ['database-status', 'ok'],
    ['latest-restorable-time', 'ok'],
    ['wal-archiving', 'not_applicable'],
    ['newest-snapshot', 'ok'],
    ['snapshots-finish', 'ok'],
    ['copy-elsewhere', 'ok'],
    ['retention', 'ok'],
    ['encryption', 'ok'],
    ['snapshots-private', 'ok'],
    ['deletion-protection', 'ok'],
    ['durability', 'ok'],
    ['last-drill', 'ok'],
    ['recovery-time', 'ok'],
    ['drill-leftovers', 'ok'],
    ['alert-path', 'ok'],
  ]);
});

describe('the database', () => {
  test('that is named twice is not taken for one outside RDS', async () => {
    process.env[environment.dbClusterIdentifier] = 'another';
    try {
      const results = [...(await look()).values()];
      expect(results.flatMap(({ check, status }) => (status === 'could_not_run' ? [] : check))).toEqual([
        'wal-archiving',
        'durability',
        'alert-path',
      ]);
      for (const { status, reason } of results)
        expect(reason).toBe(status === 'could_not_run' ? 'not_configured' : undefined);
    } finally {
      delete process.env[environment.dbClusterIdentifier];
    }
  });

  test('that does not exist fails one check, and the others could not run', async () => {
    const results = await look({
      rds: backupSource({ kind: 'instance', identifier: 'gone', copyRegion: 'none' }),
    });
    expect(results.get('database-status')).toMatchObject({ status: 'fail' });
    for (const check of [
      'retention',
      'encryption',
      'latest-restorable-time',
      'newest-snapshot',
      'snapshots-finish',
    ]) {
      expect(results.get(check)).toMatchObject({ status: 'could_not_run', reason: 'database_missing' });
    }
  });

  test('whose retention is too short is reported', async () => {
    await change({ BackupRetentionPeriod: 10 });
    expect(await lookAt('retention')).toMatchObject({ status: 'warn', facts: { retentionDays: 10 } });
    await change({ BackupRetentionPeriod: 3 });
    expect(await lookAt('retention')).toMatchObject({ status: 'fail', facts: { retentionDays: 3 } });
    await change({ BackupRetentionPeriod: 14 });
    expect(await lookAt('retention')).toMatchObject({ status: 'ok' });
  });
});

describe('the age of backups', () => {
  test('a log that is no longer shipped is reported when more could be lost than promised', async () => {
    await world.round();
    expect(await lookAt('latest-restorable-time')).toMatchObject({ status: 'ok' });
    expect(await lookAt('latest-restorable-time', { now: later(12 * minuteMs) })).toMatchObject({
      status: 'warn',
    });
    expect(await lookAt('latest-restorable-time', { now: later(16 * minuteMs) })).toMatchObject({
      status: 'fail',
    });
  });

  test('an old newest snapshot is reported, and a copy is as old as its original', async () => {
    expect(await lookAt('newest-snapshot', { now: later(26 * hourMs) })).toMatchObject({ status: 'warn' });
    expect(await lookAt('newest-snapshot', { now: later(31 * hourMs) })).toMatchObject({ status: 'fail' });
    const before = (await lookAt('newest-snapshot')).facts.takenAt;
    await admin.client().send(
      new rds.CopyDBSnapshotCommand({
        SourceDBSnapshotIdentifier: 'by-hand',
        TargetDBSnapshotIdentifier: 'copied-again',
      }),
    );
    await world.aws.rds.settled();
    expect((await lookAt('newest-snapshot')).facts.takenAt).toEqual(before);
    await admin.client().send(new rds.DeleteDBSnapshotCommand({ DBSnapshotIdentifier: 'copied-again' }));
  });

  test('a copy elsewhere fails when it is old, missing or not configured, and does not apply when it is configured off', async () => {
    const asking = async (copyRegion: string | undefined, now = new Date()) =>
      await lookAt('copy-elsewhere', {
        rds: backupSource({ kind: 'instance', identifier: instance, copyRegion }),
        now,
      });
    expect(await asking(otherRegion)).toMatchObject({ status: 'ok' });
    expect(await asking(otherRegion, later(30 * hourMs))).toMatchObject({ status: 'warn' });
    expect(await asking(otherRegion, later(37 * hourMs))).toMatchObject({ status: 'fail' });
    expect(await asking('us-east-1')).toMatchObject({ status: 'fail' });
    expect(await asking(undefined)).toMatchObject({ status: 'fail' });
    expect(await asking('none')).toMatchObject({ status: 'not_applicable' });
  });
});

test('a future time fails every check that judges an age', async () => {
  await world.round();
  const inTheFuture = async (rds: MonitorOptions['rds'], now: Date) =>
    [...(await look({ rds, now })).values()]
      .filter(({ summary }) => /which is in the future: a clock is wrong\.$/.test(summary))
      .map(({ check, status }) => [check, status]);
  const ahead = async (now: Date) => [
    ...(await inTheFuture(configuredSource(), now)),
    ...(await inTheFuture(undefined, now)).filter(([check]) => check === 'wal-archiving'),
  ];
  expect(await ahead(later(-4 * minuteMs))).toEqual([]);
  expect(await ahead(later(-3 * dayMs))).toEqual([
    ['latest-restorable-time', 'fail'],
    ['newest-snapshot', 'fail'],
    ['copy-elsewhere', 'fail'],
    ['retention', 'fail'],
    ['alert-path', 'fail'],
    ['wal-archiving', 'fail'],
  ]);
});

describe('snapshots', () => {
  test('one that is stuck is judged from its beginning, not from its first check', async () => {
    world.aws.rds.faults.inject('stuck', { operation: 'CreateDBSnapshot', times: 1 });
    await world.takeSnapshot('stuck');
    expect(await lookAt('snapshots-finish')).toMatchObject({ status: 'ok' });
    expect(await lookAt('snapshots-finish', { now: later(3 * hourMs) })).toMatchObject({ status: 'warn' });
    expect(await lookAt('snapshots-finish', { now: later(7 * hourMs) })).toMatchObject({
      status: 'fail',
      summary: expect.stringContaining('stuck (7 h'),
    });
  });

  test('one that is shared with a trusted account is ok, in any region', async () => {
    const share = async (list: 'ValuesToAdd' | 'ValuesToRemove', snapshot: string, of: string) => {
      const input = { DBSnapshotIdentifier: snapshot, AttributeName: 'restore', [list]: ['111122223333'] };
      await world.client(of).send(new rds.ModifyDBSnapshotAttributeCommand(input));
    };
    for (const [snapshot, of] of [
      ['by-hand', region],
      ['by-hand-copy', otherRegion],
    ] as const) {
      await share('ValuesToAdd', snapshot, of);
      expect(await lookAt('snapshots-private')).toMatchObject({ status: 'fail' });
      const policy = { ...recoveryPolicy, trustedAccounts: ['111122223333'] };
      expect(await lookAt('snapshots-private', { policy })).toMatchObject({ status: 'ok' });
      await share('ValuesToRemove', snapshot, of);
      expect(await lookAt('snapshots-private')).toMatchObject({ status: 'ok' });
    }
  });
});

describe('drills', () => {
  const bucket = () => process.env[environment.evidenceBucket] ?? '';
  const keys = () => world.aws.s3.keys(bucket()).filter((key) => key.startsWith('drills/'));
  beforeEach(async () => {
    for (const key of keys()) await world.aws.s3.lose(bucket(), key);
  });

  const drill =
    (changes: object, at = hourMs) =>
    async () => ({
      ...goodDrill(),
      at: new Date(Date.now() - at),
      ...changes,
    });

  test('the last one counts when it passed, for a limited time', async () => {
    const status = async (lastDrill: MonitorOptions['lastDrill']) =>
      (await lookAt('last-drill', { lastDrill })).status;
    expect(await status(async () => undefined)).toBe('fail');
    expect(await status(drill({ passed: false }))).toBe('fail');
    expect(await status(drill({}, 9 * dayMs))).toBe('warn');
    expect(await status(drill({}, 11 * dayMs))).toBe('fail');
    expect(await status(drill({}))).toBe('ok');
    expect(await status(drill({}, -minuteMs))).toBe('ok');
    expect(await status(drill({}, -hourMs))).toBe('fail');
  });

  test('the last one must not have taken longer than promised', async () => {
    const status = async (lastDrill: MonitorOptions['lastDrill']) =>
      (await lookAt('recovery-time', { lastDrill })).status;
    expect(await status(async () => undefined)).toBe('fail');
    expect(await status(drill({ passed: false, provenAfterMs: undefined }))).toBe('fail');
    expect(await status(drill({ provenAfterMs: 100 * minuteMs }))).toBe('warn');
    expect(await status(drill({ provenAfterMs: 3 * hourMs }))).toBe('fail');
  });

  test('one of another database proves nothing for this one', async () => {
    const lastDrill = drill({ request: { source: 'stockade-b' } });
    for (const [options, reason] of [
      [{}, /the last drill, d-good, restored stockade-b, not stockade\.$/],
      [{ rds: undefined }, /restored stockade-b, not this database, which does not run on RDS\.$/],
    ] as const) {
      for (const check of ['last-drill', 'recovery-time']) {
        expect(await lookAt(check, { lastDrill, ...options })).toMatchObject({
          status: 'fail',
          summary: expect.stringMatching(reason),
        });
      }
    }
  });

  test('a removed record is reported, even when an earlier drill would then be the last', async () => {
    const note = async (id: string, passed: boolean, begun: Date) => {
      const request = { kind: 'snapshot', source: instance, asOf: '', instance: '', keep: false } as const;
      await recordMilestone(id, begun, 'requested', request, begun);
      await recordMilestone(id, begun, 'verdict', { passed, summary: '' }, begun);
      await recordMilestone(id, begun, 'torn-down', {}, begun);
    };
    const status = async () => (await lookAt('last-drill', { lastDrill })).status;
    const lose = async (end: string) => {
      const key = keys().findLast((each) => each.endsWith(end)) ?? '';
      const bytes = (await readEvidence(key)) ?? new Uint8Array();
      await world.aws.s3.lose(bucket(), key);
      return { key, putBack: () => putEvidence(key, bytes) };
    };
    await note('000001', true, later(-3 * hourMs));
    await note('000002', false, later(-2 * hourMs));
    expect(await status()).toBe('fail');
    // The failed verdict is gone, and the records that are left look well.
    const { putBack } = await lose('000002/04-verdict.json');
    expect(await lookAt('last-drill', { lastDrill })).toMatchObject({
      status: 'fail',
      summary: expect.stringMatching(
        /^Drill records were removed .*: drills\/\S+\/000002\/05-torn-down.json\.$/,
      ),
    });
    await putBack();
    await note('000003', true, later(-hourMs));
    expect(await status()).toBe('ok');
    const { putBack: again } = await lose('000002/05-torn-down.json');
    expect(await status()).toBe('fail');
    await again();
    expect(await status()).toBe('ok');
    // The hourly check does not read older records.
    await lose('000001/04-verdict.json');
    expect(await status()).toBe('ok');
    expect(await brokenLinks()).toEqual([expect.stringMatching(/000001\/05-torn-down\.json$/)]);
  });

  test('records that were written at the same moment may have the same previous record', async () => {
    const begun = later(-minuteMs);
    const request = { kind: 'snapshot', source: instance, asOf: '', instance: '', keep: false } as const;
    await recordMilestone('000004', begun, 'requested', request, begun);
    // One run gives the drill up while another records a milestone.
    await recordMilestone('000004', begun, 'verdict', { passed: true, summary: '' }, begun);
    await recordMilestone('000004', begun, 'queryable', {}, begun);
    expect(await lookAt('last-drill', { lastDrill })).toMatchObject({ status: 'ok' });
  });

  test('when the records cannot be read, the checks could not run', async () => {
    const lastDrill = () => Promise.reject(new Error('the bucket is gone'));
    for (const check of ['last-drill', 'recovery-time']) {
      expect(await lookAt(check, { lastDrill })).toMatchObject({
        status: 'could_not_run',
        reason: 'unexpected',
      });
    }
  });

  test('a leftover instance is reported, and an instance that did not start is no healthy database', async () => {
    world.aws.rds.faults.inject('incompatible-restore');
    await restoreFromSnapshot('by-hand', {
      instance: 'stockade-drill-left',
      drillId: 'left',
      instanceClass: 'db.t4g.micro',
      subnetGroup: 'default',
      securityGroupIds: ['sg-drill'],
    });
    await world.aws.rds.settled();
    expect(await lookAt('drill-leftovers')).toMatchObject({ status: 'ok' });
    expect(await lookAt('drill-leftovers', { now: later(5 * hourMs) })).toMatchObject({ status: 'warn' });
    expect(await lookAt('drill-leftovers', { now: later(7 * hourMs) })).toMatchObject({
      status: 'fail',
      summary: expect.stringContaining('stockade-drill-left'),
    });
    const broken = backupSource({ kind: 'instance', identifier: 'stockade-drill-left', copyRegion: 'none' });
    expect(await lookAt('database-status', { rds: broken })).toMatchObject({
      status: 'fail',
      summary: expect.stringContaining('incompatible-restore'),
    });
    await remove('stockade-drill-left');
  });
});

test('a stuck drill instance is judged from its beginning, and fails at once when that is unknown', async () => {
  const settings = {
    instance: 'stockade-drill-stuck',
    drillId: 'stuck',
    instanceClass: 'db.t4g.micro',
    subnetGroup: 'default',
    securityGroupIds: ['sg-drill'],
  };
  world.aws.rds.faults.inject('stuck', { operation: 'RestoreDBInstanceFromDBSnapshot', times: 2 });
  await restoreFromSnapshot('by-hand', settings);
  const leftovers = (now: Date) => lookAt('drill-leftovers', { now });
  expect(await leftovers(later(hourMs))).toMatchObject({ status: 'ok' });
  expect(await leftovers(later(5 * hourMs))).toMatchObject({ status: 'warn' });
  expect(await leftovers(later(7 * hourMs))).toMatchObject({
    status: 'fail',
    summary: expect.stringContaining('stockade-drill-stuck (7 h'),
  });
  expect(await leftovers(later(-hourMs))).toMatchObject({ status: 'fail' });
  await remove(settings.instance);
  await world.client().send(
    new rds.RestoreDBInstanceFromDBSnapshotCommand({
      DBInstanceIdentifier: 'stockade-drill-unknown',
      DBSnapshotIdentifier: 'by-hand',
    }),
  );
  expect(await leftovers(new Date())).toMatchObject({
    status: 'fail',
    summary: expect.stringContaining('stockade-drill-unknown (age unknown)'),
  });
  await remove('stockade-drill-unknown');
});

describe('the alert path', () => {
  const pending = { Protocol: 'email', Endpoint: 'on-call@example.com' };

  test('an alert that does not arrive is reported, and so is one that cannot be sent', async () => {
    const now = later(8 * dayMs);
    world.deliver(false);
    await inJobs((jobs) => sendAlertProbe(jobs, recoveryPolicy, now));
    // The new test alert is under way, and the last that arrived is eight days old: too old.
    expect(await lookAt('alert-path', { now })).toMatchObject({ status: 'fail' });
    const sent = new Date(now.getTime() + 11 * minuteMs);
    expect(await lookAt('alert-path', { now: sent })).toMatchObject({
      status: 'fail',
      summary: expect.stringContaining('11 min ago and has not arrived'),
    });
    world.aws.sns.faults.inject('denied', { operation: 'Publish', times: 1 });
    const again = new Date(now.getTime() + hourMs);
    await inJobs((jobs) => sendAlertProbe(jobs, recoveryPolicy, again));
    expect(await lookAt('alert-path', { now: again })).toMatchObject({
      status: 'fail',
      summary: expect.stringContaining('cannot be sent'),
    });
    // An hour later another is sent. When it arrives, the check is ok again.
    world.deliver(true);
    const well = new Date(again.getTime() + hourMs);
    await inJobs((jobs) => sendAlertProbe(jobs, recoveryPolicy, well));
    await world.received();
    expect(await lookAt('alert-path')).toMatchObject({ status: 'ok' });
  });

  test('a warning when a subscriber has not confirmed, a failure when nobody receives alerts', async () => {
    const TopicArn = world.aws.env[environment.alertTopicArn];
    const { SubscriptionArn } = await world
      .sns()
      .send(new sns.SubscribeCommand({ TopicArn, ...pending, ReturnSubscriptionArn: true }));
    expect(await lookAt('alert-path')).toMatchObject({ status: 'warn', facts: { pendingSubscribers: 1 } });
    const { Subscriptions = [] } = await world
      .sns()
      .send(new sns.ListSubscriptionsByTopicCommand({ TopicArn }));
    const confirmed = Subscriptions.find(({ Protocol }) => Protocol === 'sms');
    await world.sns().send(new sns.UnsubscribeCommand({ SubscriptionArn: confirmed?.SubscriptionArn }));
    expect(await lookAt('alert-path')).toMatchObject({
      status: 'fail',
      summary: 'Nobody receives the alerts: 1 subscription not confirmed.',
    });
    await world.sns().send(new sns.UnsubscribeCommand({ SubscriptionArn }));
    await world
      .sns()
      .send(new sns.SubscribeCommand({ TopicArn, Protocol: 'sms', Endpoint: '+493012345678' }));
    expect(await lookAt('alert-path')).toMatchObject({ status: 'ok' });
  });
});

describe('a Postgres outside RDS', () => {
  test('has checks that do not apply, and others that read the server', async () => {
    await world.round();
    const results = await look({ rds: undefined });
    const of = (status: string) =>
      [...results.values()].filter((each) => each.status === status).map(({ check }) => check);
    expect(of('not_applicable')).toEqual([
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
    expect(of('ok')).toEqual(['wal-archiving', 'durability', 'alert-path']);
    expect(await lookAt('wal-archiving', { rds: undefined, now: later(20 * minuteMs) })).toMatchObject({
      status: 'fail',
    });
  });
});
