import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Context, SNSEvent } from 'aws-lambda';
import type { Client } from 'pg';
import { beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { handler as receive } from '#functions/jobs/alert-receipt.lambda.ts';
import { handler as beat } from '#functions/jobs/heartbeat.lambda.ts';
import { handler as monitor } from '#functions/jobs/monitor-backups.lambda.ts';
import { handler as sweep } from '#functions/jobs/sweep-drills.lambda.ts';
import { handler as verify } from '#functions/jobs/verify-snapshot.lambda.ts';
import { environment } from '#platform/environment.ts';
import { log } from '#platform/log.ts';
import { noteAlertProbe, sendAlertProbe } from '#recovery/monitor/alert-probe.ts';
import { latestChecks } from '#recovery/monitor/latest-checks.ts';
import { postgresReader } from '#recovery/monitor/postgres.ts';
import { checks } from '#recovery/monitor/run-checks.ts';
import { noteChecks } from '#recovery/monitor/states.ts';
import { recoveryPolicy } from '#recovery/policy.ts';
import { paths } from '#scripts/paths.ts';
import { openAws } from '#tests/aws.ts';
import { measuredBy } from '#tests/reconciliation/measured.ts';
import { openScripted, refused } from '#tests/recovery/scripted-aws.ts';
import { openWorld } from '#tests/world.ts';

const world = openWorld();
const aws = openAws();
const rds = openScripted('rds');
let superuser: Client;
let jobs: Client;

beforeAll(async () => {
  superuser = await world.superuser();
  jobs = await world.connect('stockade_jobs');
  process.env[environment.dbInstanceIdentifier] = 'ledger';
  process.env[environment.backupCopyRegion] = 'none';
  process.env[environment.sqlDirectory] = join(paths.root, 'sql');
});
beforeEach(async () => {
  aws.local.sns.faults.clear();
  await superuser.query('truncate recovery.monitor_states, recovery.alert_probes');
});

const now = () => new Date();
const probes = async () =>
  (
    await superuser.query(
      'select id, sent_at as sent, received_at as received, failure from recovery.alert_probes',
    )
  ).rows;

/** An alert as SNS hands it to a function. */
const arrived = (name: string, Message: string) =>
  ({
    Records: [{ Sns: { Message, MessageAttributes: { name: { Type: 'String', Value: name } } } }],
  }) as unknown as SNSEvent;

test('a test alert that arrives is recorded, unless another database sent it; other alerts are ignored', async () => {
  const id = await sendAlertProbe(jobs, recoveryPolicy, now());
  const text = (probe: string) => `Weekly test\n\n{"not":"this"}\n\n{"probe":"${probe}"}`;
  expect(await receive(arrived('BackupCheck', text(id ?? '')))).toEqual({ received: 0 });
  const warn = vi.spyOn(log, 'warn');
  const unknown = randomUUID();
  expect(await receive(arrived('AlertProbe', text(unknown)))).toEqual({ received: 0 });
  expect(warn.mock.calls).toEqual([
    ['a test alert arrived that this database did not send', { probe: unknown }],
  ]);
  warn.mockRestore();
  expect(await probes()).toMatchObject([{ id, received: null }]);
  expect(await receive(arrived('AlertProbe', text(id ?? '')))).toEqual({ received: 1 });
  expect(await probes()).toMatchObject([{ id, received: expect.any(Date) }]);
  await expect(receive(arrived('AlertProbe', 'Weekly test\n\n{"probe":"no id"}'))).rejects.toThrow('probe');
});

test('a test alert is sent once a week, and again half an hour after one that could not be sent', async () => {
  const at = new Date('2026-03-01T12:00:00Z');
  const after = (ms: number) => new Date(at.getTime() + ms);
  const weekMs = recoveryPolicy.alertProbe.everyMs;
  const send = async (ms: number) => (await sendAlertProbe(jobs, recoveryPolicy, after(ms))) !== undefined;
  aws.local.sns.faults.inject('denied', { operation: 'Publish', times: 1 });
  expect(await send(0)).toBe(true);
  expect(await probes()).toMatchObject([
    { sent: null, failure: expect.stringContaining('SNS Publish of AlertProbe') },
  ]);
  expect([await send(30 * 60_000 - 1), await send(30 * 60_000)]).toEqual([false, true]);
  const [, second] = await probes();
  expect(second).toMatchObject({ sent: after(30 * 60_000), failure: null });
  expect(await noteAlertProbe(jobs, second.id, after(31 * 60_000))).toBe(true);
  expect([await send(30 * 60_000 + weekMs - 1), await send(30 * 60_000 + weekMs)]).toEqual([false, true]);
});

test('a heartbeat answers when it was, by the clock of the database, and is the newest; those of eight days are kept', async () => {
  await superuser.query(
    `insert into recovery.heartbeats (at, organizations)
     values (now() - interval '8 days 1 second', 7), (now() - interval '7 days 23 hours', 8), (now() - interval '1 minute', 9)`,
  );
  await world.createOrganization();
  const at = await beat();
  const { rows } = await jobs.query('select at, organizations::int from recovery.newest_heartbeat()');
  const { rows: counted } = await superuser.query('select count(*)::int as n from tenancy.organizations');
  expect(rows).toEqual([{ at, organizations: counted[0].n }]);
  const kept = await superuser.query(
    'select organizations::int as n from recovery.heartbeats where at < $1 order by at',
    [at],
  );
  expect(kept.rows).toEqual([{ n: 8 }, { n: 9 }]);
});

test('the ten newest test alerts are looked at, the newest first', async () => {
  await superuser.query(
    `insert into recovery.alert_probes (id, made_at)
     select ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, timestamptz '2026-03-01Z' + n / 2 * interval '1 hour'
     from generate_series(1, 12) as n
     order by random()`,
  );
  const { rows } = await jobs.query(
    'select right(id::text, 2)::int as n, made_at as "madeAt" from recovery.alert_probes()',
  );
  expect(rows.map(({ n }) => n)).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3]);
  const { alertProbes } = postgresReader((work) => work(jobs));
  expect((await alertProbes()).map(({ madeAt }) => madeAt)).toEqual(rows.map(({ madeAt }) => madeAt));
});

test('the monitor measures what it has found, and its heartbeat last', async () => {
  rds.answer('DescribeDBInstances', refused('AccessDenied', 'no', 403));
  rds.answer('DescribeDBSnapshots', refused('AccessDenied', 'no', 403));
  const report: Awaited<ReturnType<typeof monitor>>[] = [];
  const measured = await measuredBy(async () => report.push(await monitor()));
  const counted = (status: string) => report[0]?.results.filter((each) => each.status === status).length;
  expect(report[0]?.results.map(({ check }) => check)).toEqual(checks.map(({ name }) => name));
  expect(measured).toEqual({
    BackupChecksFailing: [counted('fail')],
    BackupChecksBlind: [counted('could_not_run')],
    BackupChecksWarning: [counted('warn')],
    BackupMonitorHeartbeat: [1],
  });
  expect([counted('fail'), counted('could_not_run')]).toEqual([4, 9]);
  expect(report[0]?.alerts).toEqual([...Array(4).fill('BackupCheck'), 'BackupChecksBlind']);
});

test('a monitor that cannot tell what it has found fails, with no heartbeat, and tells it the next time', async () => {
  rds.answer('DescribeDBInstances', refused('AccessDenied', 'no', 403));
  rds.answer('DescribeDBSnapshots', refused('AccessDenied', 'no', 403));
  await sendAlertProbe(jobs, recoveryPolicy, now());
  const before = aws.alerts().length;
  aws.local.sns.faults.inject('denied', { operation: 'Publish' });
  expect(await measuredBy(() => monitor())).toEqual({});
  await expect(monitor()).rejects.toMatchObject({ name: 'AwsRefused' });
  aws.local.sns.faults.clear();
  const { alerts } = await monitor();
  expect(alerts).toEqual([...Array(4).fill('BackupCheck'), 'BackupChecksBlind']);
  expect(
    aws
      .alerts()
      .slice(before)
      .map(({ name }) => name),
  ).toEqual(alerts);
  expect((await monitor()).alerts).toEqual([]);
});

test('the sweep answers what it has swept, and fails when something could not be', async () => {
  const instance = (name: string) => ({
    DBInstanceIdentifier: `stockade-drill-${name}`,
    InstanceCreateTime: '2026-01-01T00:00:00Z',
    TagList: { Tag: [{ Key: 'stockade:drill', Value: name }] },
  });
  rds.answer('DescribeDBInstances', { DBInstances: { DBInstance: [instance('1'), instance('2')] } });
  rds.answer('DeleteDBInstance', {});
  expect(await sweep()).toEqual(['stockade-drill-1', 'stockade-drill-2']);
  rds.answer('DeleteDBInstance', {}, refused('AccessDenied', 'no', 403));
  await expect(sweep()).rejects.toMatchObject({ name: 'AggregateError' });
});

test('a tick of the drills begins the one that is due, and says how it went and what it waits for', async () => {
  const context = { getRemainingTimeInMillis: () => 600_000 } as Context;
  const there = { DBInstances: { DBInstance: [] } };
  rds.answer('DescribeDBSnapshots', {
    DBSnapshots: {
      DBSnapshot: [
        { DBSnapshotIdentifier: 'daily', Status: 'available', SnapshotCreateTime: '2026-01-01T00:00:00Z' },
      ],
    },
  });
  rds.answer('DescribeDBInstances', there, there, {
    DBInstances: { DBInstance: [{ DBInstanceIdentifier: 'ledger' }] },
  });
  rds.answer('RestoreDBInstanceFromDBSnapshot', {});
  expect(await verify({}, context)).toEqual({
    drill: '000001',
    passed: undefined,
    waitsFor: 'stockade-drill-000001 to be created',
  });
  rds.answer('DescribeDBInstances', { DBInstances: { DBInstance: [{ DBInstanceStatus: 'failed' }] } });
  rds.answer('DeleteDBInstance', {});
  expect(await verify({}, context)).toEqual({
    drill: '000001',
    passed: false,
    waitsFor: 'stockade-drill-000001 to be deleted',
  });
  rds.answer('DescribeDBInstances', refused('AccessDenied', 'no', 403));
  await expect(verify({}, context)).rejects.toMatchObject({ name: 'AwsRefused' });
});

test('what nobody has looked at for longer than three hours, or looked at tomorrow, is not known any more', async () => {
  const at = new Date('2026-03-01T12:00:00Z');
  const result = {
    check: 'retention',
    title: 't',
    status: 'ok',
    summary: 's',
    facts: {},
    runbook: 'r',
  } as const;
  await noteChecks(jobs, [result], at);
  const isStale = async (ms: number) =>
    (await latestChecks(jobs, recoveryPolicy, new Date(at.getTime() + ms))).map(({ stale }) => stale);
  expect([await isStale(recoveryPolicy.blindMs), await isStale(recoveryPolicy.blindMs + 1)]).toEqual([
    [false],
    [true],
  ]);
  expect([await isStale(-300_000), await isStale(-300_001)]).toEqual([[false], [true]]);
});
