import * as rds from '@aws-sdk/client-rds';
import * as sns from '@aws-sdk/client-sns';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { environment } from '#platform/environment.ts';
import { sendAlertProbe } from '#recovery/monitor/alert-probe.ts';
import type { MonitorOptions } from '#recovery/monitor/monitor.ts';
import { backupSource, configuredSource } from '#recovery/monitor/source-of.ts';
import { recoveryPolicy } from '#recovery/policy.ts';
import { inJobs } from '#tenancy/jobs.ts';
import { dayMs, hourMs, instance, minuteMs, openBackedUp, otherRegion, region } from '../backed-up-world.ts';
import { look, lookAt } from './look.ts';

const world = openBackedUp();
afterEach(() => world.aws.rds.faults.clear());

beforeAll(async () => {
  await inJobs((jobs) => sendAlertProbe(jobs, recoveryPolicy, new Date()));
  await world.received();
});

const later = (ms: number) => new Date(Date.now() + ms);
const admin = { client: () => world.client() };
const change = async (input: Partial<rds.ModifyDBInstanceCommandInput>) => {
  const command = new rds.ModifyDBInstanceCommand({ DBInstanceIdentifier: instance, ...input });
  await admin.client().send(command);
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
