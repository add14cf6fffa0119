import type pg from 'pg';
import { publishAlert } from '#platform/aws/alerts.ts';
import { measure } from '#platform/metrics.ts';
import { inTransaction } from '#platform/postgres/transaction.ts';
import type { InJobs } from '../in-jobs.ts';
import { type RecoveryPolicy, recoveryPolicy } from '../policy.ts';
import { sendAlertProbe } from './alert-probe.ts';
import { changeOf, isTroubled } from './changes.ts';
import type { CheckResult, CheckStatus, Surroundings } from './check.ts';
import { messagesOf, unnotedMessage } from './messages.ts';
import { once } from './once.ts';
import { asking, postgresReader } from './postgres.ts';
import { runChecks } from './run-checks.ts';
import type { BackupSource } from './source.ts';
import { claimChecks, noteAlerted, noteChecks } from './states.ts';

export interface MonitorOptions {
  /** The instance or cluster; undefined when the database does not run on RDS. */
  readonly rds: BackupSource | undefined;
  readonly inJobs: InJobs;
  readonly lastDrill: Surroundings['lastDrill'];
  readonly policy?: RecoveryPolicy;
  readonly now?: Date;
}

/** The results and the alerts of a run. */
export interface MonitorReport {
  readonly results: readonly CheckResult[];
  /** The names of the alerts that were sent. */
  readonly alerts: readonly string[];
}

/** Runs every check and reports nothing. */
export async function checkBackups(options: MonitorOptions): Promise<CheckResult[]> {
  const { rds, inJobs, lastDrill, policy = recoveryPolicy, now = new Date() } = options;
  return await runChecks({ now, policy, rds, postgres: postgresReader(inJobs), lastDrill: once(lastDrill) });
}

/**
 * Runs every check and reports what has changed since the last run, what is still wrong after a day, and what is well
 * again. The database records what was reported; when it cannot be reached, one alert reports everything that is wrong.
 * @throws Unavailable, AwsRefused when an alert could not be sent: the next run sends it
 */
export async function monitorBackups(options: MonitorOptions): Promise<MonitorReport> {
  const { inJobs, policy = recoveryPolicy, now = new Date() } = options;
  const unreachable = await asking(() => inJobs((jobs) => sendAlertProbe(jobs, policy, now))).then(
    () => undefined,
    (error: Error) => error,
  );
  const results = await checkBackups(options);
  const alerts = await report(results, unreachable, options);
  return { results, alerts };
}

const figures = {
  fail: 'BackupChecksFailing',
  could_not_run: 'BackupChecksBlind',
  warn: 'BackupChecksWarning',
} as const satisfies Partial<Record<CheckStatus, string>>;

/** Publishes the metrics of a run that has sent its alerts. The heartbeat comes last: an alarm goes off without it. */
export function measureRun({ results }: MonitorReport): void {
  for (const status of ['fail', 'could_not_run', 'warn'] as const) {
    measure(figures[status], results.filter((each) => each.status === status).length);
  }
  measure('BackupMonitorHeartbeat', 1);
}

async function report(
  results: readonly CheckResult[],
  unreachable: Error | undefined,
  { inJobs, policy = recoveryPolicy, now = new Date() }: MonitorOptions,
): Promise<string[]> {
  const cannotRecord =
    unreachable ??
    (await asking(() => inJobs((jobs) => noteChecks(jobs, results, now))).then(
      () => undefined,
      (error: Error) => error,
    ));
  if (cannotRecord) return [await publish(unnotedMessage(results, cannotRecord))];
  return await inJobs((jobs) => reportChanges(jobs, policy, now));
}

/**
 * Sends the alerts and records them in the transaction that has claimed the checks. If the run dies between the two, the
 * next run sends them again.
 */
async function reportChanges(jobs: pg.ClientBase, policy: RecoveryPolicy, now: Date): Promise<string[]> {
  return await inTransaction(jobs, async () => {
    const states = await claimChecks(jobs);
    const changes = states.flatMap((state) => changeOf(state, policy, now) ?? []);
    const messages = messagesOf(changes, now);
    for (const message of messages) await publish(message);
    const reported = changes.map(({ state: { check, status }, severity }) => ({
      check,
      status: isTroubled(status) ? status : undefined,
      severity,
    }));
    await noteAlerted(jobs, reported, now);
    return messages.map(({ name }) => name);
  });
}

async function publish(alert: Parameters<typeof publishAlert>[0]): Promise<string> {
  await publishAlert(alert);
  return alert.name;
}
