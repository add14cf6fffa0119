import { createHash, createHmac } from 'node:crypto';
import { MissingSetting } from '../errors.ts';

/** The login that a token is for. */
export interface TokenLogin {
  readonly host: string;
  readonly port: number;
  readonly user: string;
}

/** RDS accepts a token for this long. A session outlives it. */
const validSeconds = 900;

/**
 * A password for RDS with IAM: a presigned request to connect, which RDS checks as IAM would (Signature Version 4).
 *
 * `@aws-sdk/rds-signer` does the same, but brings every source of AWS credentials along: half of the modules of a function,
 * and half of its cold start. On Lambda the credentials are always in the environment. A test compares both, byte by byte.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 * @throws MissingSetting when the environment has no credentials
 */
export function databaseToken(
  { host, port, user }: TokenLogin,
  env: NodeJS.ProcessEnv = process.env,
  now: Date = new Date(),
): string {
  const secretKey = ofLambda(env, 'AWS_SECRET_ACCESS_KEY');
  const instant = now.toISOString().replace(/[-:]|\.\d{3}/g, '');
  const scope = [instant.slice(0, 8), ofLambda(env, 'AWS_REGION'), 'rds-db', 'aws4_request'];
  const query = queryOf({
    Action: 'connect',
    DBUser: user,
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': [ofLambda(env, 'AWS_ACCESS_KEY_ID'), ...scope].join('/'),
    'X-Amz-Date': instant,
    'X-Amz-Expires': String(validSeconds),
    'X-Amz-Security-Token': env.AWS_SESSION_TOKEN,
    'X-Amz-SignedHeaders': 'host',
  });
  const request = ['GET', '/', query, `host:${host}:${port}`, '', 'host', digest('')].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', instant, scope.join('/'), digest(request)].join('\n');
  const key = scope.reduce<string | Buffer>((derived, part) => hmac(derived, part), `AWS4${secretKey}`);
  return `${host}:${port}/?${query}&X-Amz-Signature=${hmac(key, toSign).toString('hex')}`;
}

/** In the order of the names, as the signature needs it. A parameter without a value is left out. */
function queryOf(parameters: Readonly<Record<string, string | undefined>>): string {
  return Object.entries(parameters)
    .flatMap(([name, value]) => (value ? [`${name}=${percentEncoded(value)}`] : []))
    .join('&');
}

/** RFC 3986: encodeURIComponent() leaves five characters that the signature escapes. */
function percentEncoded(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function ofLambda(env: NodeJS.ProcessEnv, name: string): string {
  const value = env[name];
  if (value) return value;
  throw new MissingSetting(
    `${name} is not set: Lambda sets it; elsewhere, name the database by its whole URL`,
  );
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
