import { execFile } from 'node:child_process';
import * as rds from '@aws-sdk/client-rds';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { environment } from '#platform/environment.ts';
import { recordMilestone } from '#recovery/drill/records.ts';
import { sendAlertProbe } from '#recovery/monitor/alert-probe.ts';
import type { CheckResult } from '#recovery/monitor/check.ts';
import { checks } from '#recovery/monitor/run-checks.ts';
import { recoveryPolicy } from '#recovery/policy.ts';
import type { ProofReport } from '#recovery/proofs/prove-copy.ts';
import { paths } from '#scripts/paths.ts';
import { inJobs } from '#tenancy/jobs.ts';
import { hourMs, instance, minuteMs, openBackedUp } from '#tests/recovery/backed-up-world.ts';
import { run } from './run.ts';

const world = openBackedUp();

beforeAll(async () => {
  await inJobs((jobs) => sendAlertProbe(jobs, recoveryPolicy, new Date()));
  await world.received();
  await noteDrill();
});
/** The records of a drill that has passed an hour ago. */
async function noteDrill(): Promise<void> {
  const requestedAt = new Date(Date.now() - hourMs);
  const provenAt = new Date(requestedAt.getTime() + 20 * minuteMs);
  const request = { kind: 'snapshot', source: instance, asOf: '', instance: '', keep: false } as const;
  await recordMilestone('000001', requestedAt, 'requested', request, requestedAt);
  const proofs: ProofReport = { ok: true, durationMs: 1, outcomes: [] };
  await recordMilestone('000001', requestedAt, 'verdict', { passed: true, summary: '', proofs }, provenAt);
}
beforeEach(() => world.round());
afterEach(() => protect(true));

async function protect(DeletionProtection: boolean): Promise<void> {
  const input = { DBInstanceIdentifier: instance, DeletionProtection };
  await world.client().send(new rds.ModifyDBInstanceCommand(input));
  await world.aws.rds.settled();
}

const elsewhere = { [environment.dbInstanceIdentifier]: '' };
const monitor = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  run('recovery/monitor-backups.ts', ['--database-url', world.adminUrl, ...args], env);

test('of healthy backups it says so, one line for each check, and what does not apply stands apart', async () => {
  const { exitCode, stdout, stderr } = await monitor([]);
  expect([exitCode, stderr]).toEqual([0, '']);
  expect(stdout).toContain('Backups of the instance stockade:');
  const [applying = '', others = ''] = stdout.split('These do not apply here and do not count as passed:');
  for (const { name } of checks) {
    expect(name === 'wal-archiving' ? others : applying).toMatch(new RegExp(`  ${name} `));
  }
  expect(others).toContain('14 ok, 0 warnings, 0 failed, 0 could not run, 1 not applicable.');
});

test('what fails is exit code 1, with its page; it tells nobody else and notes nothing', async () => {
  await protect(false);
  const before = world.alerts().length;
  const { exitCode, stdout } = await monitor([]);
  expect(exitCode).toBe(1);
  expect(stdout).toMatch(/FAILS +deletion-protection .*\n +docs\/runbook\/backup-deletion-protection\.md/);
  expect(world.alerts().slice(before)).toEqual([]);
  const { rows } = await inJobs((jobs) => jobs.query('select from recovery.list_checks()'));
  expect(rows).toEqual([]);
});

test('with --alert it tells what has changed, as the job does, and once', async () => {
  await protect(false);
  const before = world.alerts().length;
  const first = JSON.parse((await monitor(['--alert', '--json'])).stdout);
  const again = JSON.parse((await monitor(['--alert', '--json'])).stdout);
  expect([first.alerts, again.alerts]).toEqual([['BackupCheck'], []]);
  expect(world.alerts().slice(before)).toMatchObject([{ facts: { check: 'deletion-protection' } }]);
});

test('of a Postgres outside RDS it says which checks do not apply, and that no drill was of it, to people and programs', async () => {
  const { exitCode, stdout } = await monitor(['--json'], elsewhere);
  expect(exitCode).toBe(1);
  const { database, counts, results } = JSON.parse(stdout);
  expect([database, counts]).toEqual([
    null,
    { ok: 3, warn: 0, fail: 2, could_not_run: 0, not_applicable: 10 },
  ]);
  for (const { status, summary } of results as CheckResult[]) {
    if (status === 'not_applicable' || status === 'fail') expect(summary).toContain('not run on RDS');
  }
  expect((await monitor([], elsewhere)).stdout).toContain('Backups of a Postgres outside RDS:');
});

test('without a place for the records of drills nobody knows of a drill, and that is no success', async () => {
  const env = { ...elsewhere, [environment.evidenceBucket]: '', [environment.alertTopicArn]: '' };
  const { exitCode, stdout } = await monitor(['--json'], env);
  expect(exitCode).toBe(1);
  const statuses = Object.fromEntries(
    (JSON.parse(stdout).results as CheckResult[]).map(({ check, status, reason }) => [
      check,
      [status, reason],
    ]),
  );
  expect(statuses).toMatchObject({
    'last-drill': ['could_not_run', 'not_configured'],
    'alert-path': ['not_applicable', undefined],
  });
});

test('a drill of another instance does not count', async () => {
  const { exitCode, stdout } = await monitor(['--instance', 'stockade-b']);
  expect(exitCode).toBe(1);
  expect(stdout).toMatch(/FAILS +last-drill .*restored stockade, not stockade-b/);
});

test('an instance can be looked at without the database; what needs it is not known then', async () => {
  const args = ['--instance', instance, '--data', '/nonexistent', '--json'];
  const { exitCode, stdout } = await run('recovery/monitor-backups.ts', args);
  expect(exitCode).toBe(1);
  const blind = (JSON.parse(stdout).results as CheckResult[]).filter(
    ({ status }) => status === 'could_not_run',
  );
  expect(blind.map(({ check, reason }) => [check, reason])).toEqual([
    ['durability', 'database_unreachable'],
    ['alert-path', 'database_unreachable'],
  ]);
});

test('nothing to look at, and two things at once, are said', async () => {
  const nothing = await run('recovery/monitor-backups.ts', ['--data', '/nonexistent']);
  expect([nothing.exitCode, nothing.stderr]).toEqual([1, expect.stringContaining('you named no database')]);
  const both = await monitor(['--instance', 'a', '--cluster', 'b']);
  expect([both.exitCode, both.stderr]).toEqual([2, expect.stringContaining('exclude each other')]);
});

/** Runs the function in a process of its own, and answers what it measures. */
function invoke(): Promise<{
  readonly failed: boolean;
  readonly measured: Readonly<Record<string, number>>;
}> {
  const program =
    "const { handler } = await import('#functions/jobs/monitor-backups.lambda.ts'); await handler(); process.exit(0);";
  const env = { ...process.env, POWERTOOLS_METRICS_DISABLED: 'false', [environment.stage]: 'test' };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--input-type=module', '--eval', program],
      { cwd: paths.root, env },
      (error, stdout) => {
        const lines = stdout.split('\n').filter((line) => line.includes('CloudWatchMetrics'));
        resolve({
          failed: error !== null,
          measured: Object.assign({}, ...lines.map((line) => JSON.parse(line))),
        });
      },
    );
  });
}

test('the function beats its heart when it has told what it had to tell, and is silent when it could not', async () => {
  await protect(false);
  await monitor(['--alert']);
  expect(await invoke()).toMatchObject({
    failed: false,
    measured: {
      BackupMonitorHeartbeat: 1,
      BackupChecksFailing: 1,
      BackupChecksBlind: 0,
      BackupChecksWarning: 0,
    },
  });
  await protect(true);
  const end = world.aws.sns.faults.inject('denied', { operation: 'Publish' });
  const silent = await invoke();
  end();
  expect(silent.failed).toBe(true);
  expect(silent.measured).not.toHaveProperty('BackupMonitorHeartbeat');
  // What it had to tell is not lost.
  expect(JSON.parse((await monitor(['--alert', '--json'])).stdout).alerts).toEqual(['BackupChecksResolved']);
});
