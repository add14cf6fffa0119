import { Stack } from 'aws-cdk-lib';
import { Match, Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as LambdaTarget } from 'aws-cdk-lib/aws-events-targets';
import type { Construct } from 'constructs';
import { scheduleOf } from '#functions/schedules.ts';
import { environment } from '#platform/environment.ts';
import { grantWatchBackups } from '../constructs/backup-watch.ts';
import { DatabaseAccess } from '../constructs/database-access.ts';
import { DrillAccess, drillInstancePrefix } from '../constructs/drill-access.ts';
import { HttpsEgress } from '../constructs/https-egress.ts';
import { LambdaFunction } from '../constructs/lambda-function.ts';
import { ScheduledJob } from '../constructs/scheduled-job.ts';
import type { BackupTarget } from '../settings/backup-target.ts';
import type { StageConfig } from '../settings/config.ts';
import type { DatabaseTarget } from '../settings/database-target.ts';
import type { DataStack } from './data-stack.ts';

export interface JobsStackProps {
  readonly stage: StageConfig;
  readonly database: DatabaseTarget;
  readonly data: DataStack;
  readonly backups: BackupTarget;
}

/** What runs by the clock. */
export class JobsStack extends Stack {
  readonly jobs: readonly ScheduledJob[];

  constructor(scope: Construct, id: string, props: JobsStackProps) {
    const { stage, database: target, data, backups } = props;
    super(scope, id, { description: `Stockade ${stage.name}: scheduled jobs` });
    const database = new DatabaseAccess(this, 'Database', target);

    const aws = new HttpsEgress(this, 'Aws', {
      network: database.network,
      description: 'Jobs that ask AWS: RDS, S3 and SNS',
    });
    const reconciliation = new ScheduledJob(this, 'ReconcileBalances', {
      stage,
      schedule: scheduleOf('reconcile-balances'),
      size: stage.jobFunction,
      network: aws.from(database.network),
    });
    data.alerts.grantPublish(reconciliation.function);
    data.evidence.grantWriteOnce(reconciliation.function, 'seals');

    const tidying = new ScheduledJob(this, 'Tidy', {
      stage,
      schedule: scheduleOf('tidy'),
      size: stage.jobFunction,
      network: database.network,
    });

    const monitor = new ScheduledJob(this, 'MonitorBackups', {
      stage,
      schedule: scheduleOf('monitor-backups'),
      size: stage.jobFunction,
      network: aws.from(database.network),
    });
    data.alerts.grantPublish(monitor.function);
    data.alerts.grantListSubscribers(monitor.function);
    data.evidence.grantRead(monitor.function, 'drills');
    grantWatchBackups(monitor.function, backups);
    // A database that hangs must not keep it from telling so.
    monitor.function.addEnvironment(environment.databaseDeadlineMs, '60000');

    const receipt = new LambdaFunction(this, 'AlertReceipt', {
      stage,
      entry: 'functions/jobs/alert-receipt.lambda.ts',
      description: `Stockade ${stage.name}: notes that alerts arrive`,
      size: stage.jobFunction,
      network: database.network,
    }).function;
    data.alerts.deliver(receipt, 'AlertProbe');

    const heartbeat = new ScheduledJob(this, 'Heartbeat', {
      stage,
      schedule: scheduleOf('heartbeat'),
      size: stage.jobFunction,
      network: database.network,
    });

    this.jobs = [reconciliation, tidying, monitor, heartbeat, ...this.drillJobs(props, database, aws)];
    for (const fn of [receipt, ...this.jobs.map((job) => job.function)]) {
      if (fn.isBoundToVpc) database.grantConnect(fn, 'stockade_jobs');
    }
  }

  /** What restores backups and proves them, and what sweeps up behind it. Drills are of instances only. */
  private drillJobs(
    { stage, database: target, data, backups }: JobsStackProps,
    database: DatabaseAccess,
    aws: HttpsEgress,
  ): ScheduledJob[] {
    if (backups.kind === 'cluster') return [];
    const drills = new DrillAccess(this, 'Drills', { network: database.network, port: target.port, backups });
    const drill = new ScheduledJob(this, 'VerifySnapshot', {
      stage,
      schedule: scheduleOf('verify-snapshot'),
      // Of two that prove at once, one would change the password of the other. A proof takes what time there is.
      size: { ...stage.jobFunction, timeoutSeconds: 900, reservedConcurrency: 1 },
      network: aws.from(database.network),
      folders: ['sql'],
    });
    drills.grantDrill(drill.function);
    data.evidence.grantWriteOnce(drill.function, 'drills');
    data.evidence.grantRead(drill.function, 'seals');
    drill.function.addEnvironment(environment.sqlDirectory, '/var/task/sql');
    // RDS tells when a copy is available, or gone. It may fail to: then the schedule finds out.
    new Rule(this, 'DrillEvents', {
      description: `Stockade ${stage.name}: what becomes of the instances of drills`,
      eventPattern: {
        source: ['aws.rds'],
        detailType: ['RDS DB Instance Event'],
        detail: { SourceIdentifier: Match.prefix(drillInstancePrefix) },
      },
      targets: [new LambdaTarget(drill.function, { deadLetterQueue: drill.deadLetters })],
    });

    const sweeper = new ScheduledJob(this, 'SweepDrills', {
      stage,
      schedule: scheduleOf('sweep-drills'),
      size: stage.jobFunction,
      network: undefined,
    });
    drills.grantSweep(sweeper.function);
    return [drill, sweeper];
  }
}
