import { Stack } from 'aws-cdk-lib';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import type { Construct } from 'constructs';
import type { StageConfig } from '../config.ts';
import { DatabaseAccess } from '../constructs/database-access.ts';
import { ScheduledJob } from '../constructs/scheduled-job.ts';
import type { DatabaseTarget } from '../database-target.ts';

export interface JobsStackProps {
  readonly stage: StageConfig;
  readonly database: DatabaseTarget;
}

/** What runs by the clock. */
export class JobsStack extends Stack {
  readonly jobs: readonly ScheduledJob[];

  constructor(scope: Construct, id: string, { stage, database: target }: JobsStackProps) {
    super(scope, id, { description: `Stockade ${stage.name}: scheduled jobs` });
    const database = new DatabaseAccess(this, 'Database', target);

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

    this.jobs = [tidying];
    for (const job of this.jobs) database.grantConnect(job.function, 'stockade_jobs');
  }
}
