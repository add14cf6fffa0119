import type { StageName } from './config.ts';
import { ConfigurationError } from './configuration-error.ts';

/** An existing Postgres on RDS (instance, cluster or proxy) and the network it is reached through. */
export interface DatabaseTarget {
  readonly host: string;
  readonly port: number;
  readonly databaseName: string;
  /** What IAM knows the database by: `db-…`, `cluster-…` or `prx-…`, never its name. */
  readonly resourceId: string;
  readonly vpcId: string;
  /** The private subnets the functions are placed in, one per availability zone. */
  readonly subnetIds: readonly string[];
  /** The database's own security group; it is opened to the functions, on `port` only. */
  readonly securityGroupId: string;
}

/** Reads one context value (`-c key=value`, or the `context` of cdk.json). */
export type ReadContext = (key: string) => unknown;

/**
 * Stands in where `dev` names no database, so that synth needs no account.
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

/** What has to be said about a database: each context key and where its value is found. */
const required = {
  databaseHost: 'the endpoint address',
  databaseResourceId: 'DbiResourceId, DbClusterResourceId, or the last part of the proxy ARN',
  databaseVpcId: 'the VPC it is in',
  databaseSubnetIds: 'private subnets of that VPC, separated by commas',
  databaseSecurityGroupId: 'the security group of the database',
} as const;

const optional = ['databasePort', 'databaseName'] as const;

/**
 * The database the context names. Only `dev` may name none, and then gets the placeholder.
 * @throws ConfigurationError when the description is missing in `prod`, incomplete, or no id of the kind asked for
 */
export function databaseTarget(stage: StageName, context: ReadContext): DatabaseTarget {
  // An empty value is as good as none: `-c databaseName=` switches off what cdk.json switches on.
  const keys = [...Object.keys(required), ...optional];
  const isSilent = keys.every((key) => !context(key));
  if (isSilent && stage !== 'prod') return placeholderDatabase;

  const missing = Object.entries(required).filter(([key]) => !context(key));
  if (missing.length > 0) {
    const remedy = missing.map(([key, where]) => `  -c ${key}=…  (${where})`).join('\n');
    throw new ConfigurationError(`Stage ${stage} does not say which database to use. Pass:\n${remedy}`);
  }
  return {
    host: String(context('databaseHost')),
    port: portNumber(context('databasePort') || placeholderDatabase.port),
    databaseName: String(context('databaseName') || placeholderDatabase.databaseName),
    resourceId: identifier('databaseResourceId', context, /^(db|cluster|prx)-[A-Za-z0-9]+$/),
    vpcId: identifier('databaseVpcId', context, /^vpc-[0-9a-f]+$/),
    subnetIds: identifier('databaseSubnetIds', context, /^subnet-[0-9a-f]+(,subnet-[0-9a-f]+)*$/).split(','),
    securityGroupId: identifier('databaseSecurityGroupId', context, /^sg-[0-9a-f]+$/),
  };
}

/** A wrong id synthesizes and deploys, and then every connection is refused: better to say so here. */
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
