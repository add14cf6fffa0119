import { CustomResource, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { Key } from 'aws-cdk-lib/aws-kms';
import type { CfnFunction, Function as Lambda } from 'aws-cdk-lib/aws-lambda';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { environment } from '#platform/environment.ts';
import type { StageConfig } from '../../settings/config.ts';
import type { DatabaseTarget } from '../../settings/database-target.ts';
import type { DatabaseAccess } from '../database-access.ts';
import { LambdaFunction } from '../lambda-function.ts';
import { deployProvider } from './provider.ts';

/** How long the database accepts a pass after its creation. */
export const passLifetimeSeconds = 60;

/** Time for a cold start and a slow database, in addition to the waiting. */
const slackSeconds = 45;

export interface PassKeyProps {
  readonly stage: StageConfig;
  readonly database: DatabaseAccess;
  readonly target: DatabaseTarget;
}

/**
 * The secret that functions and the database share, so that the database can trust a pass. A deploy generates it, a function
 * of this stack sends it to the database, and then the other functions get it, in this order.
 *
 * Raise `passKeyGeneration` to replace the secret without a failed request. The deploy creates the new secret and sends it to
 * the database. The functions switch to it one by one, while the database accepts both. During the clean-up of the deploy,
 * when the last request with the old secret has ended, the database forgets the old one.
 */
export class PassKey extends Construct {
  private readonly id: string;
  private readonly secret: Secret;
  private readonly encryption: Key;
  /** Exists once the database knows the key. */
  private readonly known: CustomResource;

  constructor(scope: Construct, id: string, props: PassKeyProps) {
    super(scope, id);
    const { stage, database, target } = props;
    this.id = `p${stage.passKeyGeneration}`;
    // With our own key, only callers who may decrypt with it can see the environment variables.
    this.encryption = new Key(this, 'Encryption', {
      description: `Stockade ${stage.name}: pass keys, also in the environment of functions`,
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.secret = new Secret(this, `Secret${stage.passKeyGeneration}`, {
      description: `Stockade ${stage.name}: pass key ${this.id}`,
      encryptionKey: this.encryption,
      // Letters and digits are valid base64: 64 of them are 48 bytes.
      generateSecretString: { passwordLength: 64, excludePunctuation: true },
    });

    const drainSeconds = passLifetimeSeconds + stage.apiFunction.timeoutSeconds;
    const { function: handler } = new LambdaFunction(this, 'Handler', {
      stage,
      entry: 'functions/jobs/pass-key.lambda.ts',
      description: `Stockade ${stage.name}: sends the pass key to the database`,
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
      serviceToken: deployProvider(this, handler, stage).serviceToken,
      // A change of any of these sends the key again: another database does not know it.
      properties: {
        PassKeyId: this.id,
        Database: `${target.resourceId}/${target.databaseName}`,
        DrainSeconds: drainSeconds,
      },
    });
    // The access to the database must exist before the key is sent, and until after it is forgotten.
    this.known.node.addDependency(database);
    Validations.of(this.secret).acknowledge({
      id: 'AwsSolutions-SMG4',
      reason:
        'The database must know a new key before any function uses it. So a deploy rotates the key (passKeyGeneration in infra/settings/config.ts), in the right order.',
    });
  }

  /** Lets a function create passes. The function gets its key only after the database knows it. */
  grantMint(fn: Lambda): void {
    this.giveTo(fn);
    fn.node.addDependency(this.known);
  }

  private giveTo(fn: Lambda): void {
    fn.addEnvironment(environment.passKeyId, this.id);
    // CloudFormation resolves this reference, so the template and its diffs do not contain the secret.
    fn.addEnvironment(environment.passKey, this.secret.secretValue.unsafeUnwrap());
    (fn.node.defaultChild as CfnFunction).kmsKeyArn = this.encryption.keyArn;
    this.encryption.grantDecrypt(fn);
  }
}
