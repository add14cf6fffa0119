import { Duration, Stack } from 'aws-cdk-lib';
import { Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import { Alarm, type AlarmProps } from '../constructs/alarm.ts';
import type { SchemaMigration } from '../constructs/at-deploy/schema-migration.ts';
import type { ScheduledJob } from '../constructs/scheduled-job.ts';
import type { StageConfig } from '../settings/config.ts';
import type { ApiStack } from './api-stack.ts';
import type { DataStack } from './data-stack.ts';
import type { JobsStack } from './jobs-stack.ts';

export interface MonitoringStackProps {
  readonly stage: StageConfig;
  readonly data: DataStack;
  readonly api: ApiStack;
  readonly jobs: JobsStack;
}

/** All alarms of the stage. */
export class MonitoringStack extends Stack {
  private readonly stage: StageConfig;
  private readonly data: DataStack;

  constructor(scope: Construct, id: string, { stage, data, api, jobs }: MonitoringStackProps) {
    super(scope, id, { description: `Stockade ${stage.name}: alarms` });
    this.stage = stage;
    this.data = data;
    this.watchApi(api);
    this.watchReconciliation();
    this.watchBackups();
    for (const job of jobs.jobs) this.watchJob(job);
    if (jobs.migration) this.watchMigration(jobs.migration);
  }

  private watchApi(api: ApiStack): void {
    this.alarm({
      name: 'api-server-errors',
      severity: 'critical',
      meaning: 'The API answers too many requests with a 5xx error.',
      runbook: 'api-server-errors',
      metric: api.api.metricServerError({ period: Duration.minutes(5), statistic: Stats.SUM }),
      when: { atLeast: this.stage.alarms.serverErrorsIn5Minutes },
    });
    this.alarm({
      name: 'organization-mismatch',
      severity: 'warning',
      meaning: 'Valid credentials are used for organizations that they do not belong to.',
      runbook: 'organization-mismatch',
      metric: this.counted('OrganizationMismatch', Duration.minutes(5)),
      when: { atLeast: this.stage.alarms.organizationMismatchesIn5Minutes },
    });
    this.alarm({
      name: 'login-changed',
      severity: 'critical',
      meaning:
        'A login role of the database had other settings or another password: somebody runs SQL that is not ours.',
      runbook: 'login-changed',
      metric: this.counted('LoginChanged', Duration.minutes(5)),
      when: { atLeast: 1 },
    });
  }

  private watchReconciliation(): void {
    this.alarm({
      name: 'reconciliation-silent',
      severity: 'critical',
      meaning: 'No run of the reconciliation has finished for three hours, so nothing checks the balances.',
      runbook: 'reconciliation-silent',
      metric: this.counted('ReconciliationHeartbeat', Duration.hours(1)),
      when: { lessThan: 1 },
      periods: 3,
      silence: 'alarming',
    });
  }

  private watchBackups(): void {
    this.alarm({
      name: 'backup-monitor-silent',
      severity: 'critical',
      meaning:
        'No run of the backup monitor has finished for three hours, so nobody would notice that backups stopped.',
      runbook: 'backup-monitor-silent',
      metric: this.counted('BackupMonitorHeartbeat', Duration.hours(1)),
      when: { lessThan: 1 },
      periods: 3,
      silence: 'alarming',
    });
  }

  private watchJob({ name, silentAfterHours, function: fn, deadLetters }: ScheduledJob): void {
    const period = Duration.minutes(15);
    this.alarm({
      name: `${name}-errors`,
      severity: 'warning',
      meaning: `A run of the job ${name} failed or ran out of time.`,
      runbook: 'job-errors',
      metric: fn.metricErrors({ period }),
      when: { atLeast: 1 },
    });
    this.alarm({
      name: `${name}-throttles`,
      severity: 'warning',
      meaning: `Lambda has refused to start the job ${name} for an hour.`,
      runbook: 'job-throttles',
      metric: fn.metricThrottles({ period }),
      when: { atLeast: 1 },
      periods: 4,
    });
    this.alarm({
      name: `${name}-dead-letters`,
      severity: 'warning',
      meaning: `Failed runs of the job ${name} wait in its dead-letter queue.`,
      runbook: 'job-dead-letters',
      metric: deadLetters.metricApproximateNumberOfMessagesVisible({ period, statistic: Stats.MAXIMUM }),
      when: { atLeast: 1 },
    });
    this.alarm({
      name: `${name}-silent`,
      severity: 'warning',
      meaning: `Nothing has started the job ${name} for ${silentAfterHours === 1 ? 'an hour' : `${silentAfterHours} hours`}.`,
      runbook: 'job-silent',
      metric: fn.metricInvocations({ period: Duration.hours(1) }),
      when: { lessThan: 1 },
      periods: silentAfterHours,
      silence: 'alarming',
    });
  }

  private watchMigration({ function: fn }: SchemaMigration): void {
    this.alarm({
      name: 'migrate-errors',
      severity: 'warning',
      meaning: 'A migration at a deploy failed or ran out of time, so the deploy stopped.',
      runbook: 'migrate-errors',
      metric: fn.metricErrors({ period: Duration.minutes(15) }),
      when: { atLeast: 1 },
    });
  }

  /** A metric that functions of this stage count, with the same dimensions. */
  private counted(metricName: string, period: Duration): Metric {
    return new Metric({
      namespace: 'Stockade',
      metricName,
      dimensionsMap: { service: 'stockade', stage: this.stage.name },
      period,
      statistic: Stats.SUM,
    });
  }

  private alarm(props: Omit<AlarmProps, 'stage' | 'alerts'>): void {
    new Alarm(this, props.name, { stage: this.stage, alerts: this.data.alerts, ...props });
  }
}
