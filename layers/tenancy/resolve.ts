import type { TokenConfig } from '#platform/config.ts';
import { Unauthenticated } from '#platform/errors.ts';
import { mintPass } from './credentials/passes.ts';
import { verifyToken } from './credentials/tokens.ts';
import { type Credentials, decide, type VerifiedUser } from './resolution.ts';
import { presentedBy, type RequestIdentity } from './resolve-presented.ts';

export interface ResolutionSettings {
  readonly keyEnvironment: string;
  /** Without one, no subdomain selects anything. */
  readonly baseDomain: string | undefined;
  /** Without them, no token is accepted. */
  readonly tokens: TokenConfig | undefined;
}

/**
 * Works out who asks. Authority proves (an API key, a token, or both), selectors only choose (`x-organization`, the
 * subdomain).
 * @throws Unauthenticated `unauthenticated` when there is no authority, `invalid_credentials` when one is not good
 * @throws Unavailable when the issuer's keys cannot be had
 */
export async function resolve(request: RequestIdentity, settings: ResolutionSettings): Promise<Credentials> {
  const { keyEnvironment, baseDomain, tokens } = settings;
  const presented = presentedBy(request, baseDomain);
  const user = presented.token !== undefined && tokens ? await userOf(presented.token, tokens) : undefined;
  const decision = decide(presented, user, keyEnvironment);
  if ('refuse' in decision) throw new Unauthenticated(decision.refuse, explanations[decision.refuse]);
  return decision.ask;
}

async function userOf(token: string, config: TokenConfig): Promise<VerifiedUser | undefined> {
  const claims = await verifyToken(token, config);
  return claims && { pass: mintPass(claims.email, config.passKey), subject: claims.subject };
}

const explanations = {
  unauthenticated:
    'Send an API key ("Authorization: Bearer sk_…" or "x-api-key: sk_…") or a token ("Authorization: Bearer …").',
  // Word for word what the database's refusal of a key becomes, so that the answer tells no reason from another.
  invalid_credentials: 'The credential is not valid.',
} as const;
