import { environment } from './environment.ts';
import { MissingSetting } from './errors.ts';

/** How to reach the database: a whole URL, or an RDS endpoint with IAM authentication. */
export type DatabaseConfig = {
  readonly maxConnections: number;
  /** How long one request may use a connection before its session is ended. */
  readonly deadlineMs: number;
} & (
  | { readonly url: string }
  | { readonly host: string; readonly port: number; readonly name: string; readonly user: string }
);

/** Whose tokens are accepted, and the key that signs their users for the database. */
export interface TokenConfig {
  readonly issuer: string;
  readonly audience: string;
  readonly jwksUri: URL;
  readonly passKey: PassKey;
}

/** A secret shared with the database. A message with a MAC of this secret was created by this code. */
export interface PassKey {
  readonly id: string;
  readonly secret: Buffer;
}

/**
 * Reads the settings of the database for tenants' requests.
 * @throws MissingSetting when both the URL and the endpoint are missing, or when a number is not a number
 */
export function databaseConfig(env: NodeJS.ProcessEnv = process.env): DatabaseConfig {
  return databaseOf(env, environment.databaseUrl, environment.databaseUser);
}

/**
 * Reads the settings of the same database for operators, who use it as stockade_admin.
 * @throws MissingSetting when both the URL and the user are missing: only operators' functions have them
 */
export function adminDatabaseConfig(env: NodeJS.ProcessEnv = process.env): DatabaseConfig {
  return databaseOf(env, environment.adminDatabaseUrl, environment.adminDatabaseUser);
}

/**
 * Reads the settings of the same database for scheduled jobs, which use it as stockade_jobs.
 * @throws MissingSetting when both the URL and the user are missing: only jobs have them
 */
export function jobsDatabaseConfig(env: NodeJS.ProcessEnv = process.env): DatabaseConfig {
  return databaseOf(env, environment.jobsDatabaseUrl, environment.jobsDatabaseUser, longestJobMs);
}

/**
 * Reads whose tokens are accepted. Undefined when no issuer is set: then no token is accepted.
 * @throws MissingSetting when an issuer is set and another setting is missing or invalid
 */
export function tokenConfig(env: NodeJS.ProcessEnv = process.env): TokenConfig | undefined {
  const issuer = env[environment.jwtIssuer];
  if (!issuer) return undefined;
  const jwksUri = env[environment.jwtJwksUri] || `${issuer.replace(/\/$/, '')}/.well-known/jwks.json`;
  if (!URL.canParse(jwksUri)) {
    throw new MissingSetting(
      `"${jwksUri}" is not a URL: set ${environment.jwtJwksUri} to the URL where the issuer publishes its keys`,
    );
  }
  return {
    issuer,
    audience: required(env, environment.jwtAudience),
    jwksUri: new URL(jwksUri),
    passKey: passKey(env),
  };
}

/**
 * Reads the key that signs passes.
 * @throws MissingSetting when it is missing, or when its secret does not have 32 to 64 bytes
 */
export function passKey(env: NodeJS.ProcessEnv = process.env): PassKey {
  return { id: required(env, environment.passKeyId), secret: secretBytes(env, environment.passKey) };
}

/** The domain whose subdomains name organizations, in lower case. Undefined when subdomains are not used. */
export function baseDomain(env: NodeJS.ProcessEnv = process.env): string | undefined {
  return env[environment.baseDomain]?.toLowerCase() || undefined;
}

/**
 * The key that identifies an operator. Undefined when there is none, as on AWS.
 * @throws MissingSetting when it is so short that it could be guessed
 */
export function operatorKey(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const key = env[environment.operatorKey];
  if (!key) return undefined;
  if (key.length >= minOperatorKeyLength) return key;
  throw new MissingSetting(
    `${environment.operatorKey} has ${key.length} characters: it must have at least ${minOperatorKeyLength}`,
  );
}

/** The `<env>` part of the API keys that this stage creates and accepts: `live` in production, `test` or similar elsewhere. */
export function keyEnvironment(env: NodeJS.ProcessEnv = process.env): string {
  return required(env, environment.keyEnvironment);
}

/**
 * The topic that alerts are published to.
 * @throws MissingSetting when it is not set: a visible failure is better than an alert that reaches nobody
 */
export function alertTopicArn(env: NodeJS.ProcessEnv = process.env): string {
  return required(env, environment.alertTopicArn);
}

/** Where evidence is kept, and how long nobody can delete it. */
export interface EvidenceConfig {
  readonly bucket: string;
  readonly retentionDays: number;
}

/**
 * Reads where evidence is kept.
 * @throws MissingSetting when the bucket or the days are missing, or when the days are not a whole number of at least 1
 */
export function evidenceConfig(env: NodeJS.ProcessEnv = process.env): EvidenceConfig {
  const bucket = required(env, environment.evidenceBucket);
  const days = required(env, environment.evidenceRetentionDays);
  return { bucket, retentionDays: wholeNumber(environment.evidenceRetentionDays, days) };
}

/** The name of the database in RDS, and the region its backups are copied to. */
export interface BackedUpConfig {
  readonly kind: 'instance' | 'cluster';
  readonly identifier: string;
  /** Another region, or `none`. Undefined when it is not set. */
  readonly copyRegion: string | undefined;
}

/**
 * Reads which database's backups are watched.
 * @throws MissingSetting when neither an instance nor a cluster is set, or both are
 */
export function backedUpConfig(env: NodeJS.ProcessEnv = process.env): BackedUpConfig {
  const instance = env[environment.dbInstanceIdentifier];
  const cluster = env[environment.dbClusterIdentifier];
  if (instance && cluster) {
    throw new MissingSetting(
      `${environment.dbInstanceIdentifier} and ${environment.dbClusterIdentifier} are both set: set only the one that holds the database`,
    );
  }
  const copyRegion = env[environment.backupCopyRegion] || undefined;
  if (cluster) return { kind: 'cluster', identifier: cluster, copyRegion };
  return { kind: 'instance', identifier: required(env, environment.dbInstanceIdentifier), copyRegion };
}

/** The instance that a drill restores, and the network it restores into. */
export interface DrillConfig {
  /** The instance whose backups are restored. */
  readonly source: string;
  readonly sqlDirectory: string;
  readonly subnetGroup: string | undefined;
  readonly securityGroupIds: readonly string[] | undefined;
}

/**
 * Reads what a drill restores, and where.
 * @throws MissingSetting when no instance is set, as for an Aurora cluster, or when the folder of the SQL files is not set
 */
export function drillConfig(env: NodeJS.ProcessEnv = process.env): DrillConfig {
  const { kind, identifier } = backedUpConfig(env);
  if (kind === 'cluster') {
    throw new MissingSetting(
      `${environment.dbClusterIdentifier} is set, but drills restore only instances: restore the cluster by hand and prove it`,
    );
  }
  return {
    source: identifier,
    sqlDirectory: sqlDirectory(env),
    subnetGroup: env[environment.drillSubnetGroup] || undefined,
    securityGroupIds: env[environment.drillSecurityGroupIds]?.split(',').filter(Boolean),
  };
}

/** How a migration reaches the database: a whole URL, or an RDS endpoint and the secret of its master. */
export type MasterConfig =
  | { readonly url: string }
  | { readonly host: string; readonly port: number; readonly name: string; readonly secretArn: string };

/**
 * Reads the settings of the database for migrations.
 * @throws MissingSetting when both the URL and the secret are missing: only the function that migrates has them
 */
export function masterConfig(env: NodeJS.ProcessEnv = process.env): MasterConfig {
  const url = env[environment.masterDatabaseUrl];
  if (url) return { url };
  return {
    host: required(env, environment.databaseHost),
    port: positiveInteger(env, environment.databasePort, 5432),
    name: required(env, environment.databaseName),
    secretArn: required(env, environment.masterSecretArn),
  };
}

/**
 * The folder `sql` of this release.
 * @throws MissingSetting when it is not set
 */
export function sqlDirectory(env: NodeJS.ProcessEnv = process.env): string {
  return required(env, environment.sqlDirectory);
}

/** The stage of this process, such as `prod`. */
export function stage(env: NodeJS.ProcessEnv = process.env): string {
  return required(env, environment.stage);
}

/** The longest time that Lambda lets a function run. A job watches its time itself, and stops earlier. */
const longestJobMs = 15 * 60_000;

/** Sixteen random bytes in hex. */
const minOperatorKeyLength = 32;

function databaseOf(
  env: NodeJS.ProcessEnv,
  urlName: string,
  userName: string,
  defaultDeadlineMs = 20_000,
): DatabaseConfig {
  const maxConnections = positiveInteger(env, environment.databaseMaxConnections, 1);
  const deadlineMs = positiveInteger(env, environment.databaseDeadlineMs, defaultDeadlineMs);
  const url = env[urlName];
  if (url) return { maxConnections, deadlineMs, url };
  return {
    maxConnections,
    deadlineMs,
    host: required(env, environment.databaseHost),
    port: positiveInteger(env, environment.databasePort, 5432),
    name: required(env, environment.databaseName),
    user: required(env, userName),
  };
}

function secretBytes(env: NodeJS.ProcessEnv, name: string): Buffer {
  const bytes = Buffer.from(required(env, name), 'base64');
  if (bytes.length >= 32 && bytes.length <= 64) return bytes;
  throw new MissingSetting(`${name} has ${bytes.length} bytes: it must have 32 to 64, in base64`);
}

function required(env: NodeJS.ProcessEnv, name: string): string {
  const value = env[name];
  if (!value) throw new MissingSetting(`${name} is not set: the stack sets it; locally \`npm start\` does`);
  return value;
}

function positiveInteger(env: NodeJS.ProcessEnv, name: string, fallback: number): number {
  const text = env[name];
  return text === undefined || text === '' ? fallback : wholeNumber(name, text);
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) {
    throw new MissingSetting(`${name} is "${text}": it must be a whole number of at least 1`);
  }
  return value;
}
