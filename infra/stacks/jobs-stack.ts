import { Stack } from 'aws-cdk-lib';
import { Match, Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as LambdaTarget } from 'aws-cdk-lib/aws-events-targets';
import type { Construct } from 'constructs';
import { scheduleOf } from '#functions/schedules.ts';
import { environment } from '#platform/environment.ts';
import { SchemaMigration } from '../constructs/at-deploy/schema-migration.ts';
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

/** The jobs that run on a schedule, and the migration that each deploy begins with. */
export class JobsStack extends Stack {
  readonly jobs: readonly ScheduledJob[];
  /** Undefined when a person migrates before each deploy. */
  readonly migration: SchemaMigration | undefined;

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
    // It must be able to report a database that does not answer.
    monitor.function.addEnvironment(environment.databaseDeadlineMs, '60000');

    const receipt = new LambdaFunction(this, 'AlertReceipt', {
      stage,
      entry: 'functions/jobs/alert-receipt.lambda.ts',
      description: `Stockade ${stage.name}: records that alerts arrive`,
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
    const { masterSecret } = target;
    this.migration =
      masterSecret &&
      new SchemaMigration(this, 'Migration', {
        ...{ stage, database, target, masterSecret, aws, backups },
        evidence: data.evidence,
      });
    for (const fn of [receipt, ...this.jobs.map((job) => job.function)]) {
      if (!fn.isBoundToVpc) continue;
      database.grantConnect(fn, 'stockade_jobs');
      if (this.migration) fn.node.addDependency(this.migration);
    }
  }

  /** The jobs that restore and prove backups, and the job that deletes their leftovers. Drills restore only instances. */
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
      // Two proofs at once would change each other's password. A proof takes all the time it needs.
      size: { ...stage.jobFunction, timeoutSeconds: 900, reservedConcurrency: 1 },
      network: aws.from(database.network),
      folders: ['sql'],
    });
    drills.grantDrill(drill.function);
    data.evidence.grantWriteOnce(drill.function, 'drills');
    data.evidence.grantRead(drill.function, 'seals');
    drill.function.addEnvironment(environment.sqlDirectory, '/var/task/sql');
    // RDS reports when a copy is available or deleted. If the event is lost, the schedule finds out.
    new Rule(this, 'DrillEvents', {
      description: `Stockade ${stage.name}: events of drill instances`,
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
