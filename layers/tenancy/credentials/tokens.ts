import { createRemoteJWKSet, customFetch, errors, type FetchImplementation, jwtVerify } from 'jose';
import type { TokenConfig } from '#platform/config.ts';
import { Unavailable } from '#platform/errors.ts';
import { canonicalEmail } from '../email.ts';

/** What a token proves about its user. */
export interface Claims {
  /** In the form of `canonicalEmail`; the issuer has verified it. */
  readonly email: string;
  /** The issuer's own id for the user. */
  readonly subject: string | undefined;
}

/** Asymmetric only: with a symmetric one, anybody who knows the issuer's public key could sign. `none` is not allowed. */
const algorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];
/** How far the clocks of issuer and function may be apart. */
const clockToleranceSeconds = 30;
/** A key that the issuer has withdrawn is refused after this time at the latest. */
const keysMaxAgeMs = 10 * 60_000;
/** Within this time the keys are fetched once for unknown key ids, even when many tokens name one. */
const unknownKeyCooldownMs = 10_000;
const fetchTimeoutMs = 3_000;
/** After a failed fetch there is none for this long, so that not every caller waits for a timeout. */
const failedFetchPauseMs = 2_000;

/** Errors that the token itself causes. Every other failure is the issuer's, or ours. */
const tokenFaults = [
  errors.JWTInvalid,
  errors.JWTExpired,
  errors.JWTClaimValidationFailed,
  errors.JWSInvalid,
  errors.JWSSignatureVerificationFailed,
  errors.JOSEAlgNotAllowed,
  errors.JOSENotSupported,
  errors.JWKSNoMatchingKey,
  errors.JWKSMultipleMatchingKeys,
];

const keySets = new Map<string, ReturnType<typeof createRemoteJWKSet>>();

/**
 * Verifies a token of the configured issuer: signature, `iss`, `aud`, `exp`, `nbf`, and an `email` that the issuer says it
 * has verified. Returns undefined when any of it is wrong: a caller must not learn which.
 * @throws Unavailable when the issuer's keys cannot be fetched: the token may be valid then
 */
export async function verifyToken(token: string, config: TokenConfig): Promise<Claims | undefined> {
  const { issuer, audience, jwksUri } = config;
  try {
    const { payload } = await jwtVerify(token, keysAt(jwksUri), {
      algorithms,
      issuer,
      audience,
      clockTolerance: clockToleranceSeconds,
      requiredClaims: ['exp', 'email'],
    });
    return claimsOf(payload);
  } catch (error) {
    if (tokenFaults.some((fault) => error instanceof fault)) return undefined;
    throw new Unavailable('Tokens cannot be verified at the moment: try again, or use an API key.', error);
  }
}

/** An address that the issuer has not verified proves nothing: anybody could have entered it. */
function claimsOf({
  email: sent,
  email_verified: verified,
  sub,
}: Record<string, unknown>): Claims | undefined {
  const email = verified === true && typeof sent === 'string' ? canonicalEmail(sent) : undefined;
  return email === undefined ? undefined : { email, subject: typeof sub === 'string' ? sub : undefined };
}

/** The issuer's keys: fetched when first needed, kept by the process, and fetched again for a new key id. */
function keysAt(uri: URL): ReturnType<typeof createRemoteJWKSet> {
  let keys = keySets.get(uri.href);
  if (!keys) {
    keys = createRemoteJWKSet(uri, {
      cacheMaxAge: keysMaxAgeMs,
      cooldownDuration: unknownKeyCooldownMs,
      timeoutDuration: fetchTimeoutMs,
      [customFetch]: fetchWithPauses(),
    });
    keySets.set(uri.href, keys);
  }
  return keys;
}

function fetchWithPauses(): FetchImplementation {
  let pausedUntilMs = 0;
  let reason: unknown;
  return async (url, options) => {
    if (Date.now() < pausedUntilMs) throw reason;
    try {
      const response = await fetch(url, options);
      if (response.status !== 200) throw new Error(`${url} answered ${response.status}, not 200`);
      return response;
    } catch (error) {
      pausedUntilMs = Date.now() + failedFetchPauseMs;
      reason = error;
      throw error;
    }
  };
}
