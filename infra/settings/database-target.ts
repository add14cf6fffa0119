import type { StageName } from './config.ts';
import { ConfigurationError } from './configuration-error.ts';

/** An existing Postgres on RDS (instance, cluster or proxy) and the network it is reached through. */
export interface DatabaseTarget {
  readonly host: string;
  readonly port: number;
  readonly databaseName: string;
  /** The id that IAM uses for the database: `db-…`, `cluster-…` or `prx-…`, never its name. */
  readonly resourceId: string;
  readonly vpcId: string;
  /** The private subnets of the functions, one per availability zone. */
  readonly subnetIds: readonly string[];
  /** The database's own security group. It is opened to the functions, on `port` only. */
  readonly securityGroupId: string;
  /** The secret of its master, for the migrations of a deploy. Undefined when a person migrates before each deploy. */
  readonly masterSecret?: MasterSecret;
}

/** A secret in Secrets Manager with a user and password, such as the one that RDS keeps of its master. */
export interface MasterSecret {
  readonly arn: string;
  /** The customer managed key that encrypts it. Undefined for the AWS managed key. */
  readonly kmsKeyArn: string | undefined;
}

/** Reads one context value (`-c key=value`, or the `context` of cdk.json). */
export type ReadContext = (key: string) => unknown;

/**
 * Used when `dev` names no database, so that synth needs no account.
 * It cannot be deployed: `.invalid` never resolves (RFC 2606), and no VPC has an id of zeros.
 */
export const placeholderDatabase: DatabaseTarget = {
  host: 'database.invalid',
  port: 5432,
  databaseName: 'stockade',
  resourceId: 'db-PLACEHOLDER',
  vpcId: 'vpc-00000000000000000',
  subnetIds: ['subnet-00000000000000000', 'subnet-00000000000000001'],
  securityGroupId: 'sg-00000000000000000',
};

/** The required context keys of a database, and where to find their values. */
const required = {
  databaseHost: 'the endpoint address',
  databaseResourceId: 'DbiResourceId, DbClusterResourceId, or the last part of the proxy ARN',
  databaseVpcId: 'the VPC it is in',
  databaseSubnetIds: 'private subnets of that VPC, separated by commas',
  databaseSecurityGroupId: 'the security group of the database',
} as const;

const optional = [
  'databasePort',
  'databaseName',
  'databaseMasterSecretArn',
  'databaseMasterSecretKeyArn',
] as const;

/**
 * The database that the context names. Only `dev` may name none; it then gets the placeholder.
 * @throws ConfigurationError when the description is missing in `prod`, is incomplete, or contains an id of another kind
 */
export function databaseTarget(stage: StageName, context: ReadContext): DatabaseTarget {
  // An empty value counts as not set: `-c databaseName=` switches off a value in cdk.json.
  const keys = [...Object.keys(required), ...optional];
  const isSilent = keys.every((key) => !context(key));
  if (isSilent && stage !== 'prod') return placeholderDatabase;

  const missing = Object.entries(required).filter(([key]) => !context(key));
  if (missing.length > 0) {
    const remedy = missing.map(([key, where]) => `  -c ${key}=…  (${where})`).join('\n');
    throw new ConfigurationError(`Stage ${stage} does not say which database to use. Pass:\n${remedy}`);
  }
  const masterSecret = masterSecretOf(context);
  return {
    ...(masterSecret && { masterSecret }),
    host: String(context('databaseHost')),
    port: portNumber(context('databasePort') || placeholderDatabase.port),
    databaseName: String(context('databaseName') || placeholderDatabase.databaseName),
    resourceId: identifier('databaseResourceId', context, /^(db|cluster|prx)-[A-Za-z0-9]+$/),
    vpcId: identifier('databaseVpcId', context, /^vpc-[0-9a-f]+$/),
    subnetIds: identifier('databaseSubnetIds', context, /^subnet-[0-9a-f]+(,subnet-[0-9a-f]+)*$/).split(','),
    securityGroupId: identifier('databaseSecurityGroupId', context, /^sg-[0-9a-f]+$/),
  };
}

const secretShape = /^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:\S+$/;
const keyShape = /^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]+$/;

function masterSecretOf(context: ReadContext): MasterSecret | undefined {
  const arn = arnOf('databaseMasterSecretArn', context, secretShape);
  const kmsKeyArn = arnOf('databaseMasterSecretKeyArn', context, keyShape);
  if (arn === undefined) {
    if (kmsKeyArn === undefined) return undefined;
    throw new ConfigurationError('databaseMasterSecretKeyArn is set without databaseMasterSecretArn');
  }
  if (String(context('databaseResourceId')).startsWith('prx-')) {
    throw new ConfigurationError(
      'databaseMasterSecretArn is set, but databaseHost is a proxy: a migration needs the database itself. Leave the secret out, and run migrate:all before each deploy.',
    );
  }
  return { arn, kmsKeyArn };
}

function arnOf(key: (typeof optional)[number], context: ReadContext, shape: RegExp): string | undefined {
  const value = context(key);
  if (value === undefined || value === '') return undefined;
  if (shape.test(String(value))) return String(value);
  throw new ConfigurationError(`${key} is ${JSON.stringify(value)}: it must match ${shape}`);
}

/** Checks an id here, because a stage with a wrong id can be deployed, and then every connection is refused. */
function identifier(key: keyof typeof required, context: ReadContext, shape: RegExp): string {
  const value = String(context(key));
  if (shape.test(value)) return value;
  throw new ConfigurationError(
    `${key} is ${JSON.stringify(value)}, which is not ${required[key]} (it must match ${shape})`,
  );
}

function portNumber(value: unknown): number {
  const port = Number(value);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new ConfigurationError(
    `databasePort is ${JSON.stringify(value)}: it must be a port number, 1 to 65535`,
  );
}
