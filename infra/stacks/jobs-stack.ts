import { Duration, Stack } from 'aws-cdk-lib';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import type { Construct } from 'constructs';
import type { StageConfig } from '../config.ts';
import { DatabaseAccess } from '../constructs/database-access.ts';
import { HttpsEgress } from '../constructs/https-egress.ts';
import { ScheduledJob } from '../constructs/scheduled-job.ts';
import type { DatabaseTarget } from '../database-target.ts';
import type { DataStack } from './data-stack.ts';

export interface JobsStackProps {
  readonly stage: StageConfig;
  readonly database: DatabaseTarget;
  readonly data: DataStack;
}

/** What runs by the clock. */
export class JobsStack extends Stack {
  readonly jobs: readonly ScheduledJob[];

  constructor(scope: Construct, id: string, { stage, database: target, data }: JobsStackProps) {
    super(scope, id, { description: `Stockade ${stage.name}: scheduled jobs` });
    const database = new DatabaseAccess(this, 'Database', target);

    const aws = new HttpsEgress(this, 'Aws', {
      network: database.network,
      description: 'Jobs that keep evidence in S3 and publish alerts to SNS',
    });
    const reconciliation = new ScheduledJob(this, 'ReconcileBalances', {
      stage,
      name: 'reconcile-balances',
      description: 'proves balances against history, and seals what is proven',
      size: stage.jobFunction,
      network: aws.from(database.network),
      // Each takes up what is due: a day's work need not fit into one run.
      schedule: ScheduleExpression.rate(Duration.minutes(15)),
      flexibleMinutes: 1,
      maxAgeMinutes: 30,
    });
    data.alerts.grantPublish(reconciliation.function);
    data.evidence.grantWriteOnce(reconciliation.function, 'seals');

    const tidying = new ScheduledJob(this, 'Tidy', {
      stage,
      name: 'tidy',
      description: 'deletes what has outlived its purpose',
      size: stage.jobFunction,
      network: database.network,
      // UTC, when most of those who work have ended.
      schedule: ScheduleExpression.cron({ hour: '3', minute: '10' }),
      flexibleMinutes: 60,
      maxAgeMinutes: 60,
    });

    this.jobs = [reconciliation, tidying];
    for (const job of this.jobs) database.grantConnect(job.function, 'stockade_jobs');
  }
}
