import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { environment } from '#platform/environment.ts';
import { type Issuer, startIssuer } from './issuer/issuer.ts';
import { createSigningKey, type SigningKey } from './issuer/signing-key.ts';
import { createPassKey, type LocalPassKey, trustIssuer } from './issuer/trust.ts';
import { loginUrl } from './logins.ts';
import { keepSecret, readSecret } from './secrets.ts';

const operatorKeyFile = 'operator-key';
const signingKeyFile = 'issuer-key.json';
const passKeyFile = 'pass-key.json';

/** Hosts such as `acme.localhost` select an organization; every resolver takes them to this machine (RFC 6761). */
const baseDomain = 'localhost';

/** Who the local platform believes: an issuer of users' tokens, and the holder of the operator key. */
export interface Identity {
  readonly issuer: Issuer;
  /** What the functions need in their environment. */
  readonly env: NodeJS.ProcessEnv;
}

/** Starts the issuer and makes the database believe it. The secrets are kept in the data folder, so tokens survive. */
export async function startIdentity(data: string, adminUrl: string): Promise<Identity> {
  const operatorKey = await keepSecret(join(data, operatorKeyFile), createOperatorKey);
  const passKey: LocalPassKey = JSON.parse(
    await keepSecret(join(data, passKeyFile), () => JSON.stringify(createPassKey())),
  );
  const signingKey: SigningKey = JSON.parse(
    await keepSecret(join(data, signingKeyFile), async () => JSON.stringify(await createSigningKey())),
  );
  const issuer = await startIssuer(signingKey);
  try {
    const env = {
      ...(await trustIssuer(adminUrl, issuer, passKey)),
      [environment.baseDomain]: baseDomain,
      [environment.operatorKey]: operatorKey,
      [environment.adminDatabaseUrl]: loginUrl(adminUrl, 'stockade_admin'),
    };
    return { issuer, env };
  } catch (error) {
    await issuer.close();
    throw error;
  }
}

/** The key with which the platform of a data folder signs tokens; undefined before its first start. */
export async function readSigningKey(data: string): Promise<SigningKey | undefined> {
  const text = await readSecret(join(data, signingKeyFile));
  return text === undefined ? undefined : JSON.parse(text);
}

export function createOperatorKey(): string {
  return `op_${randomBytes(24).toString('hex')}`;
}
