import { randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose';

/** The `iss` and `aud` of every local issuer. The issuer's port is another one at every start; its name is not. */
export const localIssuer = 'https://issuer.stockade.localhost';
export const localAudience = 'stockade-local';

export const algorithm = 'RS256';

/** Whom a token is for, and how it differs from what is usual. */
export interface TokenRequest {
  readonly email: string;
  /** Eight hours unless said otherwise. */
  readonly lifetimeSeconds?: number;
  /** Instead of, or beside, the claims that a token has anyway; `undefined` leaves one out. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

/** A private key that signs tokens, as a JSON Web Key. */
export type SigningKey = JWK & { readonly kid: string };

const defaultLifetimeSeconds = 8 * 3600;

export async function createSigningKey(): Promise<SigningKey> {
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true });
  return { ...(await exportJWK(privateKey)), kid: randomUUID(), alg: algorithm, use: 'sig' };
}

/** What everybody may know of a key: enough to verify what it signs. */
export function publicPart({ kty, n, e, kid, alg, use }: SigningKey): JWK {
  return { kty, n, e, kid, alg, use } as JWK;
}

/** Signs an ID token, as an OpenID provider does for a user who has logged in. */
export async function signToken(key: SigningKey, request: TokenRequest): Promise<string> {
  const { email, lifetimeSeconds = defaultLifetimeSeconds, claims } = request;
  const nowSeconds = Math.floor(Date.now() / 1000);
  return await new SignJWT({
    iss: localIssuer,
    aud: localAudience,
    sub: email,
    email,
    email_verified: true,
    iat: nowSeconds,
    exp: nowSeconds + lifetimeSeconds,
    ...claims,
  })
    .setProtectedHeader({ alg: algorithm, kid: key.kid, typ: 'JWT' })
    .sign(await importJWK(key, algorithm));
}
