import { CustomResource, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import type { CfnFunction, Function as Lambda } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Provider } from 'aws-cdk-lib/custom-resources';
import { Construct } from 'constructs';
import { environment } from '#platform/environment.ts';
import type { StageConfig } from '../settings/config.ts';
import type { DatabaseTarget } from '../settings/database-target.ts';
import { acknowledgeWildcard } from './acknowledge-wildcard.ts';
import type { DatabaseAccess } from './database-access.ts';
import { LambdaFunction } from './lambda-function.ts';

/** For how long the database takes a pass after it was made. */
export const passLifetimeSeconds = 60;

/** What the function may need beside waiting: a cold start, and a database that answers slowly. */
const slackSeconds = 45;

export interface PassKeyProps {
  readonly stage: StageConfig;
  readonly database: DatabaseAccess;
  readonly target: DatabaseTarget;
}

/**
 * The secret that the functions and the database share, by which the database believes a pass: generated at deploy, told
 * to the database by a function of this stack, and then given to the functions, in this order.
 *
 * Raising `passKeyGeneration` replaces it with no failed request: the new secret is made and told to the database, the
 * functions change to it one by one while the database believes both, and in the deploy's clean-up, when the last request
 * that was begun with the old one has ended, the database forgets that.
 */
export class PassKey extends Construct {
  private readonly id: string;
  private readonly secret: Secret;
  private readonly encryption: Key;
  /** The database knows the key. */
  private readonly known: CustomResource;

  constructor(scope: Construct, id: string, props: PassKeyProps) {
    super(scope, id);
    const { stage, database, target } = props;
    this.id = `p${stage.passKeyGeneration}`;
    // Environment variables under a key of our own are shown only to those who may decrypt with it.
    this.encryption = new Key(this, 'Encryption', {
      description: `Stockade ${stage.name}: pass keys, also in the environment of functions`,
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.secret = new Secret(this, `Secret${stage.passKeyGeneration}`, {
      description: `Stockade ${stage.name}: pass key ${this.id}`,
      encryptionKey: this.encryption,
      // Letters and digits are base64 as they are: 64 of them are 48 bytes.
      generateSecretString: { passwordLength: 64, excludePunctuation: true },
    });

    const drainSeconds = passLifetimeSeconds + stage.apiFunction.timeoutSeconds;
    const { function: handler } = new LambdaFunction(this, 'Handler', {
      stage,
      entry: 'functions/jobs/pass-key.lambda.ts',
      description: `Stockade ${stage.name}: tells the database the pass key`,
      size: {
        ...stage.apiFunction,
        timeoutSeconds: drainSeconds + slackSeconds,
        reservedConcurrency: undefined,
      },
      network: database.network,
    });
    database.grantConnect(handler, 'stockade_admin');
    this.giveTo(handler);

    this.known = new CustomResource(this, 'Known', {
      resourceType: 'Custom::StockadePassKey',
      serviceToken: this.provider(handler, stage).serviceToken,
      // A change of any of them tells the database again: another database does not know the key.
      properties: {
        PassKeyId: this.id,
        Database: `${target.resourceId}/${target.databaseName}`,
        DrainSeconds: drainSeconds,
      },
    });
    // The way to the database must be open before, and until after.
    this.known.node.addDependency(database);
    Validations.of(this.secret).acknowledge({
      id: 'AwsSolutions-SMG4',
      reason:
        'The database has to know a new key before any function uses it, so the key is rotated by a deploy (passKeyGeneration in infra/settings/config.ts), which keeps that order.',
    });
  }

  /** Lets a function make passes: the key, and no version of the function that has it before the database knows it. */
  grantMint(fn: Lambda): void {
    this.giveTo(fn);
    fn.node.addDependency(this.known);
  }

  private giveTo(fn: Lambda): void {
    fn.addEnvironment(environment.passKeyId, this.id);
    // A reference that CloudFormation resolves: the template and its diffs do not show the secret.
    fn.addEnvironment(environment.passKey, this.secret.secretValue.unsafeUnwrap());
    (fn.node.defaultChild as CfnFunction).kmsKeyArn = this.encryption.keyArn;
    this.encryption.grantDecrypt(fn);
  }

  /** Answers CloudFormation, which a function inside a network without a way out could not. */
  private provider(handler: Lambda, stage: StageConfig): Provider {
    const logGroup = new LogGroup(this, 'ProviderLogs', {
      retention: stage.logRetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const role = new Role(this, 'ProviderRole', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    logGroup.grantWrite(role);
    acknowledgeWildcard(
      role,
      `${handler.functionArn}:*`,
      'The provider may invoke one function; the framework includes the versions of it, of which there are none.',
    );
    return new Provider(this, 'Provider', { onEventHandler: handler, frameworkOnEventRole: role, logGroup });
  }
}
