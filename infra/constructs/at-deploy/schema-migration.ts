import { join } from 'node:path';
import { CustomResource, FileSystem } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Function as Lambda } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { environment } from '#platform/environment.ts';
import { type BackupTarget, backupVariables } from '../../settings/backup-target.ts';
import type { StageConfig } from '../../settings/config.ts';
import type { DatabaseTarget, MasterSecret } from '../../settings/database-target.ts';
import { projectRoot } from '../bundle.ts';
import type { DatabaseAccess } from '../database-access.ts';
import type { EvidenceBucket } from '../evidence-bucket.ts';
import type { HttpsEgress } from '../https-egress.ts';
import { LambdaFunction } from '../lambda-function.ts';
import { deployProvider } from './provider.ts';

/** The provider that calls the function waits 15 minutes. The function must have answered by then. */
const timeoutSeconds = 14 * 60;

export interface SchemaMigrationProps {
  readonly stage: StageConfig;
  readonly database: DatabaseAccess;
  readonly target: DatabaseTarget;
  readonly masterSecret: MasterSecret;
  readonly aws: HttpsEgress;
  readonly evidence: EvidenceBucket;
  readonly backups: BackupTarget;
}

/**
 * Migrates the database whenever a deploy changes the folder `sql`. What depends on this construct is deployed afterwards, so
 * no function of a release serves before its schema is there; a migration that fails stops the deploy.
 */
export class SchemaMigration extends Construct {
  readonly function: Lambda;

  constructor(scope: Construct, id: string, props: SchemaMigrationProps) {
    super(scope, id);
    const { stage, database, target, masterSecret, aws, evidence, backups } = props;
    this.function = new LambdaFunction(this, 'Handler', {
      stage,
      entry: 'functions/jobs/migrate.lambda.ts',
      description: `Stockade ${stage.name}: migrates the database at each deploy`,
      size: { ...stage.jobFunction, timeoutSeconds },
      network: aws.from(database.network),
      folders: ['sql'],
      environment: { [environment.sqlDirectory]: '/var/task/sql' },
    }).function;
    database.grantConnectAsMaster(this.function, masterSecret);
    // A contract migration runs only when a backup could undo it.
    this.readBackups(backups);
    evidence.grantRead(this.function, 'drills');
    evidence.grantWriteOnce(this.function, 'contracts');

    const migrated = new CustomResource(this, 'Migrated', {
      resourceType: 'Custom::StockadeSchema',
      serviceToken: deployProvider(this, this.function, stage).serviceToken,
      properties: {
        Sql: FileSystem.fingerprint(join(projectRoot, 'sql')),
        Database: `${target.resourceId}/${target.databaseName}`,
      },
    });
    migrated.node.addDependency(database);
  }

  private readBackups(backups: BackupTarget): void {
    const call = backups.kind === 'cluster' ? 'rds:DescribeDBClusters' : 'rds:DescribeDBInstances';
    this.function.addToRolePolicy(new PolicyStatement({ actions: [call], resources: ['*'] }));
    for (const [name, value] of Object.entries(backupVariables(backups))) {
      this.function.addEnvironment(name, value);
    }
  }
}
