import { Annotations, ArnFormat, Stack, Validations } from 'aws-cdk-lib';
import { Port, SecurityGroup, Subnet, Vpc } from 'aws-cdk-lib/aws-ec2';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Function as Lambda } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { environment } from '#platform/environment.ts';
import { type DatabaseTarget, type MasterSecret, placeholderDatabase } from '../settings/database-target.ts';
import type { FunctionNetwork } from './lambda-function.ts';

/**
 * The roles that functions log in as (the migrations create them), and the variable that names each role to its function.
 * Each role has its own variable, so that a function for tenants cannot log in as an operator or a job by mistake.
 */
const logins = {
  stockade_api: environment.databaseUser,
  stockade_admin: environment.adminDatabaseUser,
  stockade_jobs: environment.jobsDatabaseUser,
} as const;

/** Access from functions to an existing database: network, permission and environment. */
export class DatabaseAccess extends Construct {
  /** The network that a function must run in to reach the database. */
  readonly network: FunctionNetwork;
  private readonly target: DatabaseTarget;

  constructor(scope: Construct, id: string, target: DatabaseTarget) {
    super(scope, id);
    this.target = target;
    if (target === placeholderDatabase) {
      Annotations.of(this).addWarningV2(
        'stockade:placeholderDatabase',
        'No database is named, so this template cannot be deployed: pass -c databaseHost=… and the other keys of the database.',
      );
    }

    // Zones cannot be known without asking AWS. The import requires one, but subnets are named one by one and nothing reads it.
    const vpc = Vpc.fromVpcAttributes(this, 'Vpc', { vpcId: target.vpcId, availabilityZones: ['unread'] });
    const securityGroup = new SecurityGroup(this, 'Callers', {
      vpc,
      description: 'Functions that talk to the database, and to nothing else',
      allowAllOutbound: false,
    });
    const database = SecurityGroup.fromSecurityGroupId(this, 'Database', target.securityGroupId);
    database.connections.allowFrom(securityGroup, Port.tcp(target.port), 'Stockade functions');
    const subnets = target.subnetIds.map((id, n) => Subnet.fromSubnetId(this, `Subnet${n + 1}`, id));
    Validations.of(this).acknowledge({
      id: '@aws-cdk/aws-ec2:noSubnetRouteTableId',
      reason: 'Functions are only placed in these subnets; nothing reads or changes their routing.',
    });
    this.network = {
      vpc,
      subnets,
      securityGroups: [securityGroup],
    };
  }

  /**
   * Lets a function log in as this role only, with RDS IAM authentication, and sets the variables with the database's address.
   * @throws Error when the function does not run in this construct's network
   */
  grantConnect(fn: Lambda, role: keyof typeof logins): void {
    if (!fn.isBoundToVpc) {
      throw new Error(`${fn.node.path} cannot reach the database: create it with network: access.network`);
    }
    fn.addToRolePolicy(
      new PolicyStatement({
        actions: ['rds-db:connect'],
        resources: [
          Stack.of(this).formatArn({
            service: 'rds-db',
            resource: 'dbuser',
            resourceName: `${this.target.resourceId}/${role}`,
            arnFormat: ArnFormat.COLON_RESOURCE_NAME,
          }),
        ],
      }),
    );
    this.nameDatabase(fn);
    fn.addEnvironment(logins[role], role);
    fn.addEnvironment(environment.databaseMaxConnections, '1');
    trustRds(fn);
  }

  /** Lets a function log in as the master of the database, with the password in its secret: for migrations only. */
  grantConnectAsMaster(fn: Lambda, { arn, kmsKeyArn }: MasterSecret): void {
    fn.addToRolePolicy(new PolicyStatement({ actions: ['secretsmanager:GetSecretValue'], resources: [arn] }));
    if (kmsKeyArn !== undefined) {
      const { region, urlSuffix } = Stack.of(this);
      fn.addToRolePolicy(
        new PolicyStatement({
          actions: ['kms:Decrypt'],
          resources: [kmsKeyArn],
          conditions: { StringEquals: { 'kms:ViaService': `secretsmanager.${region}.${urlSuffix}` } },
        }),
      );
    }
    this.nameDatabase(fn);
    fn.addEnvironment(environment.masterSecretArn, arn);
    trustRds(fn);
  }

  private nameDatabase(fn: Lambda): void {
    fn.addEnvironment(environment.databaseHost, this.target.host);
    fn.addEnvironment(environment.databasePort, String(this.target.port));
    fn.addEnvironment(environment.databaseName, this.target.databaseName);
  }
}

/** Logins need TLS, and since Node 20 the Lambda runtime does not trust the RDS certificate authorities by default. */
function trustRds(fn: Lambda): void {
  fn.addEnvironment('NODE_EXTRA_CA_CERTS', '/var/runtime/ca-cert.pem');
}
