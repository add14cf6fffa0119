import * as rds from '@aws-sdk/client-rds';
import { Client } from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { environment } from '#platform/environment.ts';
import { closeDatabase } from '#platform/postgres/database.ts';
import { alertProbeName } from '#recovery/monitor/alert-probe.ts';
import { type MonitorOptions, type MonitorReport, monitorBackups } from '#recovery/monitor/monitor.ts';
import { configuredSource } from '#recovery/monitor/source-of.ts';
import { listChecks } from '#recovery/monitor/states.ts';
import type { ReceivedAlert } from '#scripts/local/alert.ts';
import { inJobs } from '#tenancy/jobs.ts';
import { dayMs, goodDrill, hourMs, instance, minuteMs, openBackedUp } from '../backed-up-world.ts';

process.env[environment.databaseMaxConnections] = '4';
const world = openBackedUp();
afterEach(() => {
  world.aws.rds.faults.clear();
  world.aws.sns.faults.clear();
});
/** Before each test: every check is well, and a run has reported everything. */
beforeEach(async () => {
  await protect(true);
  await world.round();
  await forget();
  await run();
  await world.received();
  await run();
}, 30_000);

async function forget(): Promise<void> {
  const admin = new Client(world.adminUrl);
  await admin.connect();
  await admin.query('truncate recovery.monitor_states, recovery.alert_probes');
  await admin.end();
}

const run = (options: Partial<MonitorOptions> = {}): Promise<MonitorReport> =>
  monitorBackups({
    rds: configuredSource(),
    inJobs,
    lastDrill: async () => goodDrill(options.now),
    ...options,
  });

/** The alerts that arrive while `work` runs. */
async function reported(work: () => Promise<unknown>): Promise<ReceivedAlert[]> {
  const before = world.alerts().length;
  await work();
  return world.alerts().slice(before);
}

async function protect(DeletionProtection: boolean): Promise<void> {
  const input = { DBInstanceIdentifier: instance, DeletionProtection };
  await world.client().send(new rds.ModifyDBInstanceCommand(input));
  await world.aws.rds.settled();
}

const later = (ms: number) => new Date(Date.now() + ms);
const states = async () => new Map((await inJobs(listChecks)).map((each) => [each.check, each]));
const about = (check: string) => (alert: ReceivedAlert) => alert.facts.check === check;

test('while nothing is wrong, no alert is sent', async () => {
  expect(await reported(run)).toEqual([]);
  for (const [check, { status, alerted }] of await states()) {
    expect([check, ['ok', 'not_applicable'].includes(status), alerted]).toEqual([check, true, undefined]);
  }
});

test('a failure is reported once, with its runbook page, and once more when it is resolved', async () => {
  await protect(false);
  const [alert, ...more] = await reported(run);
  expect(more).toEqual([]);
  expect(alert).toMatchObject({
    name: 'BackupCheck',
    severity: 'critical',
    subject: 'Backup check deletion-protection: fail',
    message: expect.stringContaining('Runbook: docs/runbook/backup-deletion-protection.md'),
    facts: { occasion: 'changed', check: 'deletion-protection', status: 'fail' },
  });
  expect(await reported(run)).toEqual([]);
  await protect(true);
  const resolved = await reported(run);
  expect(resolved).toMatchObject([
    { name: 'BackupChecksResolved', severity: 'info', subject: 'Resolved: deletion-protection' },
  ]);
  expect(await reported(run)).toEqual([]);
});

test('a failure that lasts is reported again after a day, and not before', async () => {
  await protect(false);
  await run();
  const ofIt = async (now: Date) => (await reported(() => run({ now }))).filter(about('deletion-protection'));
  expect(await ofIt(later(23 * hourMs))).toEqual([]);
  expect(await ofIt(later(24 * hourMs))).toMatchObject([
    { subject: 'Still: backup check deletion-protection: fail', facts: { occasion: 'reminder' } },
  ]);
  expect(await ofIt(later(24.5 * hourMs))).toEqual([]);
  expect(await ofIt(later(48 * hourMs))).toMatchObject([{ facts: { occasion: 'reminder' } }]);
});

test('a warning that becomes a failure is reported again', async () => {
  const ofIt = async (now: Date) =>
    (await reported(() => run({ now }))).filter(about('latest-restorable-time'));
  expect(await ofIt(later(12 * minuteMs))).toMatchObject([
    { severity: 'warning', facts: { status: 'warn' } },
  ]);
  expect(await ofIt(later(13 * minuteMs))).toEqual([]);
  expect(await ofIt(later(20 * minuteMs))).toMatchObject([
    { severity: 'critical', facts: { status: 'fail' } },
  ]);
});

test('of several runs at once, one reports', async () => {
  await protect(false);
  expect(await reported(() => Promise.all([run(), run(), run()]))).toMatchObject([
    { name: 'BackupCheck', facts: { check: 'deletion-protection', status: 'fail' } },
  ]);
});

test('an alert that could not be sent is sent by the next run', { timeout: 30_000 }, async () => {
  await protect(false);
  world.aws.sns.faults.inject('denied', { operation: 'Publish', times: 1 });
  await expect(run()).rejects.toThrow('SNS Publish of BackupCheck');
  expect(await reported(run)).toMatchObject([{ facts: { check: 'deletion-protection' } }]);
  expect(await reported(run)).toEqual([]);
});

test('checks that could not run share one warning, which later is critical, and are resolved when they run', async () => {
  world.aws.rds.faults.inject('denied');
  const [alert, ...more] = await reported(run);
  expect(more).toEqual([]);
  expect(alert).toMatchObject({
    name: 'BackupChecksBlind',
    severity: 'warning',
    subject: '10 backup checks could not run',
  });
  for (const said of ['newest-snapshot: ', 'docs/runbook/backup-encryption.md', 'Permission is missing']) {
    expect(alert?.message).toContain(said);
  }
  expect(await reported(run)).toEqual([]);
  expect(
    (await reported(() => run({ now: later(3.1 * hourMs) }))).map(({ name, severity }) => [name, severity]),
  ).toEqual([['BackupChecksBlind', 'critical']]);
  world.aws.rds.faults.clear();
  const after = await reported(() => run({ now: later(3.2 * hourMs) }));
  const resolved = after.filter(({ name }) => name === 'BackupChecksResolved');
  expect(resolved).toMatchObject([
    {
      facts: {
        checks: [
          { check: 'copy-elsewhere', status: 'ok' },
          { check: 'database-status', status: 'ok' },
          { check: 'deletion-protection', status: 'ok' },
          { check: 'drill-leftovers', status: 'ok' },
          { check: 'encryption', status: 'ok' },
          { check: 'newest-snapshot', status: 'ok' },
          { check: 'retention', status: 'ok' },
          { check: 'snapshots-finish', status: 'ok' },
          { check: 'snapshots-private', status: 'ok' },
        ],
      },
    },
  ]);
  // By then the log has not been shipped for three hours, and the check notices it now.
  expect(after.filter(about('latest-restorable-time'))).toMatchObject([{ facts: { status: 'fail' } }]);
});

test('without the database, each run reports every failure in one alert', {
  timeout: 30_000,
}, async () => {
  await protect(false);
  const url = process.env[environment.jobsDatabaseUrl] ?? '';
  const gone = new URL(url);
  gone.port = '1';
  await closeDatabase();
  process.env[environment.jobsDatabaseUrl] = gone.href;
  try {
    for (const _ of [1, 2]) {
      const [alert, ...more] = await reported(run);
      expect(more).toEqual([]);
      expect(alert).toMatchObject({ name: 'BackupChecksUnnoted', severity: 'critical' });
      for (const said of [
        'deletion-protection: fail',
        'durability: could_not_run',
        'alert-path: could_not_run',
      ]) {
        expect(alert?.message).toContain(said);
      }
    }
  } finally {
    await closeDatabase();
    process.env[environment.jobsDatabaseUrl] = url;
  }
  expect(await reported(run)).toMatchObject([{ facts: { check: 'deletion-protection' } }]);
});

test('a test alert is sent once a week, and its arrival is recorded', async () => {
  const probes = async (now: Date) =>
    (await reported(() => run({ now }))).filter(({ name }) => name === alertProbeName);
  expect(await probes(later(6 * dayMs))).toEqual([]);
  const [probe, ...more] = await probes(later(8 * dayMs));
  expect([probe?.severity, more]).toEqual(['info', []]);
  await world.received();
  const { rows } = await inJobs((jobs) =>
    jobs.query('select received_at from recovery.alert_probes() where id = $1', [probe?.facts.probe]),
  );
  expect(rows).toEqual([{ received_at: expect.any(Date) }]);
});

test('a check that the release does not have any more is deleted', async () => {
  await inJobs((jobs) =>
    jobs.query(`select recovery.note_checks($1, now() - interval '1 hour')`, [
      JSON.stringify([
        { check_name: 'of-old', title: 't', status: 'fail', summary: 's', facts: {}, runbook: 'r' },
      ]),
    ]),
  );
  expect((await states()).has('of-old')).toBe(true);
  await run();
  expect((await states()).has('of-old')).toBe(false);
});

test('the database refuses an unknown status, and requires a reason exactly for a check that could not run', async () => {
  const note = (status: string, reason: string | null) =>
    inJobs((jobs) =>
      jobs.query('select recovery.note_checks($1, now())', [
        JSON.stringify([
          { check_name: 'x-y', title: 't', status, reason, summary: 's', facts: {}, runbook: 'r' },
        ]),
      ]),
    );
  await expect(note('fine', null)).rejects.toMatchObject({ code: '23514' });
  await expect(note('could_not_run', null)).rejects.toMatchObject({ code: '23514' });
  await expect(note('ok', 'timeout')).rejects.toMatchObject({ code: '23514' });
});
