import { ArnFormat, Stack } from 'aws-cdk-lib';
import { Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Function as Lambda } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { environment } from '#platform/environment.ts';
import { type BackupTarget, backupVariables } from '../settings/backup-target.ts';
import { acknowledgeWildcard } from './acknowledge-wildcard.ts';
import type { FunctionNetwork } from './lambda-function.ts';

/** The prefix of names of drill instances, and the tag of these instances. The code of the drill uses the same. */
export const drillInstancePrefix = 'stockade-drill-';
const drillInstances = `${drillInstancePrefix}*`;
const drillTag = 'stockade:drill';

export interface DrillAccessProps {
  /** The network of the functions that read restored copies. */
  readonly network: FunctionNetwork;
  readonly port: number;
  readonly backups: BackupTarget;
}

/**
 * Access from functions to restored copies, and to no other instance. Copies have their own security group. Functions may
 * change or delete only instances with both the name and the tag of a drill. In addition, the policy denies production by
 * name.
 */
export class DrillAccess extends Construct {
  private readonly copies: SecurityGroup;
  private readonly backups: BackupTarget;

  constructor(scope: Construct, id: string, { network, port, backups }: DrillAccessProps) {
    super(scope, id);
    this.backups = backups;
    this.copies = new SecurityGroup(this, 'Copies', {
      vpc: network.vpc,
      description: 'Restored copies: reached by the functions that prove them, and reaching nobody',
      allowAllOutbound: false,
    });
    for (const callers of network.securityGroups) {
      this.copies.connections.allowFrom(callers, Port.tcp(port), 'The functions that prove copies');
    }
  }

  /** Lets a function restore backups of the stage's database into drill instances, and sets the variables that name it. */
  grantDrill(fn: Lambda): void {
    this.describe(fn, ['rds:DescribeDBInstances', 'rds:DescribeDBSnapshots']);
    const { identifier } = this.backups;
    const drills = this.arn('db', drillInstances);
    const source = identifier === undefined ? [] : [this.arn('db', identifier)];
    const backups = identifier === undefined ? [] : ['auto-backup'];
    const parts = [...backups, 'og', 'pg', 'subgrp', 'secgrp', 'snapshot'].map((kind) => this.arn(kind, '*'));
    fn.addToRolePolicy(
      new PolicyStatement({
        actions: ['rds:RestoreDBInstanceFromDBSnapshot', 'rds:RestoreDBInstanceToPointInTime'],
        resources: [drills, ...source, ...parts],
      }),
    );
    fn.addToRolePolicy(
      new PolicyStatement({
        actions: ['rds:AddTagsToResource'],
        resources: [drills],
        // Only while the instance is created.
        conditions: { StringLike: { [`aws:RequestTag/${drillTag}`]: '*' } },
      }),
    );
    for (const resource of [drills, ...parts]) {
      acknowledgeWildcard(
        fn.role ?? fn,
        resource,
        'Drills get numbers, AWS creates snapshots daily, and the owner of production named its groups: none of these names is known here.',
      );
    }
    this.mayChange(fn, ['rds:DeleteDBInstance', 'rds:ModifyDBInstance']);
    this.mayUseKey(fn);
    if (this.backups.drillSubnetGroup !== undefined) {
      fn.addEnvironment(environment.drillSubnetGroup, this.backups.drillSubnetGroup);
    }
    for (const [name, value] of Object.entries(backupVariables(this.backups))) fn.addEnvironment(name, value);
    fn.addEnvironment(environment.drillSecurityGroupIds, this.copies.securityGroupId);
  }

  /** Lets a function delete leftovers of drills. */
  grantSweep(fn: Lambda): void {
    this.describe(fn, ['rds:DescribeDBInstances']);
    acknowledgeWildcard(fn.role ?? fn, this.arn('db', drillInstances), 'Drills get numbers when they start.');
    this.mayChange(fn, ['rds:DeleteDBInstance']);
  }

  /**
   * RDS encrypts a copy with the key of its source, on behalf of the caller that restores it.
   * @see https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.Encryption.Keys.html
   */
  private mayUseKey(fn: Lambda): void {
    const { kmsKeyArn } = this.backups;
    if (kmsKeyArn === undefined) return;
    const { region, urlSuffix } = Stack.of(this);
    const viaRds = { StringEquals: { 'kms:ViaService': `rds.${region}.${urlSuffix}` } };
    fn.addToRolePolicy(
      new PolicyStatement({ actions: ['kms:DescribeKey'], resources: [kmsKeyArn], conditions: viaRds }),
    );
    fn.addToRolePolicy(
      new PolicyStatement({
        actions: ['kms:CreateGrant'],
        resources: [kmsKeyArn],
        conditions: { ...viaRds, Bool: { 'kms:GrantIsForAWSResource': 'true' } },
      }),
    );
  }

  /** IAM cannot limit these calls to a resource, so they may list everything. They read descriptions, no data. */
  private describe(fn: Lambda, actions: string[]): void {
    fn.addToRolePolicy(new PolicyStatement({ actions, resources: ['*'] }));
  }

  private mayChange(fn: Lambda, actions: string[]): void {
    fn.addToRolePolicy(
      new PolicyStatement({
        actions,
        resources: [this.arn('db', drillInstances)],
        conditions: { StringLike: { [`aws:ResourceTag/${drillTag}`]: '*' } },
      }),
    );
    const { identifier } = this.backups;
    if (identifier === undefined) return;
    fn.addToRolePolicy(
      new PolicyStatement({ effect: Effect.DENY, actions, resources: [this.arn('db', identifier)] }),
    );
  }

  private arn(kind: string, name: string): string {
    return Stack.of(this).formatArn({
      service: 'rds',
      resource: kind,
      resourceName: name,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
  }
}
