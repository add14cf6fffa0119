import { Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { AnyPrincipal, Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Function as Lambda } from 'aws-cdk-lib/aws-lambda';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  ObjectLockRetention,
  ObjectOwnership,
} from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { environment } from '#platform/environment.ts';
import type { StageConfig } from '../settings/config.ts';
import { acknowledgeWildcard } from './acknowledge-wildcard.ts';

/**
 * What proves the ledger from outside the database. An object is written once, under a new key, and locked in compliance
 * mode: until its retention ends, nobody can delete it, and no administrator can shorten the retention. The bucket outlives
 * its stack.
 */
export class EvidenceBucket extends Construct {
  private readonly bucket: Bucket;
  private readonly retentionDays: number;

  constructor(scope: Construct, id: string, { stage }: { readonly stage: StageConfig }) {
    super(scope, id);
    this.retentionDays = stage.evidenceRetentionDays;
    this.bucket = new Bucket(this, 'Bucket', {
      versioned: true,
      objectLockEnabled: true,
      // For objects that are written without a retention.
      objectLockDefaultRetention: ObjectLockRetention.compliance(Duration.days(this.retentionDays)),
      encryption: BucketEncryption.S3_MANAGED,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    const everybody = { effect: Effect.DENY, principals: [new AnyPrincipal()] };
    const everything = this.bucket.arnForObjects('*');
    this.bucket.addToResourcePolicy(
      new PolicyStatement({
        ...everybody,
        sid: 'NothingIsDeleted',
        // Object Lock keeps versions. Without this statement, a delete marker could still hide a key.
        actions: ['s3:DeleteObject', 's3:DeleteObjectVersion'],
        resources: [everything],
      }),
    );
    this.bucket.addToResourcePolicy(
      new PolicyStatement({
        ...everybody,
        sid: 'NothingIsOverwritten',
        actions: ['s3:PutObject'],
        resources: [everything],
        conditions: {
          Null: { 's3:if-none-match': 'true' },
          // The parts of a large upload cannot carry the header, but its completion must.
          Bool: { 's3:ObjectCreationOperation': 'true' },
        },
      }),
    );
    Validations.of(this.bucket).acknowledge({
      id: 'AwsSolutions-S1',
      reason:
        'An access log would record replacements and deletions, which are impossible here. CloudTrail records changes of the bucket itself.',
    });
  }

  /** Keeps the exports for other stacks that are still deployed with them. */
  keepExports(): void {
    for (const value of [this.bucket.bucketArn, this.bucket.bucketName]) Stack.of(this).exportValue(value);
  }

  /**
   * Lets a function write each key below a prefix once, read it and list it, and sets the variables with the bucket. Nobody
   * may delete.
   * @param prefix without its slash, such as `seals`
   */
  grantWriteOnce(fn: Lambda, prefix: string): void {
    this.grant(fn, prefix, ['s3:PutObject', 's3:PutObjectRetention', 's3:GetObjectVersion']);
  }

  /** Lets a function read and list the objects below a prefix, and sets the variables with the bucket. */
  grantRead(fn: Lambda, prefix: string): void {
    this.grant(fn, prefix, ['s3:GetObjectVersion']);
  }

  /** Functions read versions: the first version of a key is the evidence, whatever was written over it. */
  private grant(fn: Lambda, prefix: string, actions: string[]): void {
    const keys = this.bucket.arnForObjects(`${prefix}/*`);
    fn.addToRolePolicy(new PolicyStatement({ actions, resources: [keys] }));
    fn.addToRolePolicy(
      new PolicyStatement({
        actions: ['s3:ListBucketVersions'],
        resources: [this.bucket.bucketArn],
        conditions: { StringLike: { 's3:prefix': `${prefix}/*` } },
      }),
    );
    acknowledgeWildcard(
      fn.role ?? fn,
      keys,
      'The ledger creates new keys all the time; a function may use only the keys below its prefix.',
    );
    fn.addEnvironment(environment.evidenceBucket, this.bucket.bucketName);
    fn.addEnvironment(environment.evidenceRetentionDays, String(this.retentionDays));
  }
}
