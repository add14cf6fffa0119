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

/** Whose tokens are accepted, and how the database is told about the users they prove. */
export interface TokenConfig {
  readonly issuer: string;
  readonly audience: string;
  readonly jwksUri: URL;
  readonly passKey: PassKey;
}

/** A secret that the database shares: what carries a MAC of it was made here. */
export interface PassKey {
  readonly id: string;
  readonly secret: Buffer;
}

/**
 * Reads the settings of the database that tenants' requests use.
 * @throws MissingSetting when neither the URL nor the endpoint is there, or a number is none
 */
export function databaseConfig(env: NodeJS.ProcessEnv = process.env): DatabaseConfig {
  return databaseOf(env, environment.databaseUrl, environment.databaseUser);
}

/**
 * Reads the settings of the same database as operators use it, as stockade_admin.
 * @throws MissingSetting when neither the URL nor the user is there: only functions of operators have them
 */
export function adminDatabaseConfig(env: NodeJS.ProcessEnv = process.env): DatabaseConfig {
  return databaseOf(env, environment.adminDatabaseUrl, environment.adminDatabaseUser);
}

/**
 * Reads the settings of the same database as scheduled jobs use it, as stockade_jobs.
 * @throws MissingSetting when neither the URL nor the user is there: only jobs have them
 */
export function jobsDatabaseConfig(env: NodeJS.ProcessEnv = process.env): DatabaseConfig {
  return databaseOf(env, environment.jobsDatabaseUrl, environment.jobsDatabaseUser, longestJobMs);
}

/**
 * Reads whose tokens are accepted; undefined when no issuer is named, and then none are.
 * @throws MissingSetting when an issuer is named and the rest is not there or makes no sense
 */
export function tokenConfig(env: NodeJS.ProcessEnv = process.env): TokenConfig | undefined {
  const issuer = env[environment.jwtIssuer];
  if (!issuer) return undefined;
  const jwksUri = env[environment.jwtJwksUri] || `${issuer.replace(/\/$/, '')}/.well-known/jwks.json`;
  if (!URL.canParse(jwksUri)) {
    throw new MissingSetting(
      `"${jwksUri}" is no URL: set ${environment.jwtJwksUri} to where the issuer publishes its keys`,
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
 * Reads the key that passes are made with.
 * @throws MissingSetting when it is not there or its secret has not 32 to 64 bytes
 */
export function passKey(env: NodeJS.ProcessEnv = process.env): PassKey {
  return { id: required(env, environment.passKeyId), secret: secretBytes(env, environment.passKey) };
}

/** The domain whose subdomains name organizations, in lower case; undefined when subdomains mean nothing. */
export function baseDomain(env: NodeJS.ProcessEnv = process.env): string | undefined {
  return env[environment.baseDomain]?.toLowerCase() || undefined;
}

/**
 * The key that makes a caller an operator; undefined where there is none, as on AWS.
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

/** The `<env>` part of API keys made and accepted here: `live` in production, `test` or the like elsewhere. */
export function keyEnvironment(env: NodeJS.ProcessEnv = process.env): string {
  return required(env, environment.keyEnvironment);
}

/**
 * The topic that alerts are published to.
 * @throws MissingSetting when there is none: an alert that reaches nobody is worse than a failure that shows
 */
export function alertTopicArn(env: NodeJS.ProcessEnv = process.env): string {
  return required(env, environment.alertTopicArn);
}

/** Where evidence is kept, and for how long nobody can delete it. */
export interface EvidenceConfig {
  readonly bucket: string;
  readonly retentionDays: number;
}

/**
 * Reads where evidence is kept.
 * @throws MissingSetting when the bucket or the days are not there, or the days are no whole number above zero
 */
export function evidenceConfig(env: NodeJS.ProcessEnv = process.env): EvidenceConfig {
  const bucket = required(env, environment.evidenceBucket);
  const days = required(env, environment.evidenceRetentionDays);
  return { bucket, retentionDays: wholeNumber(environment.evidenceRetentionDays, days) };
}

/** The stage this runs as, such as `prod`. */
export function stage(env: NodeJS.ProcessEnv = process.env): string {
  return required(env, environment.stage);
}

/** As long as Lambda lets a function run. A job watches its time itself, and stops before. */
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
