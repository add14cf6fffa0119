import type { TokenConfig } from '#platform/config.ts';
import { Unauthenticated } from '#platform/errors.ts';
import { parseApiKey } from './credentials/api-keys.ts';
import { bearerOf } from './credentials/bearer.ts';
import { mintPass } from './credentials/passes.ts';
import { verifyToken } from './credentials/tokens.ts';
import { lowerCaseOfAscii } from './email.ts';
import type { Credentials, VerifiedUser } from './tenant.ts';

/** The parts of a request that say who asks and for which organization. Header names are lower case. */
export interface RequestIdentity {
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The host name that API Gateway accepted the request for; never one that a header forwards. */
  readonly domainName: string;
}

export interface ResolutionSettings {
  readonly keyEnvironment: string;
  /** Without one, no subdomain selects anything. */
  readonly baseDomain: string | undefined;
  /** Without them, no token is accepted. */
  readonly tokens: TokenConfig | undefined;
}

/** What a request says about who asks and for which organization. Nothing of it is proven yet. */
export interface Presented {
  /** API keys as they were sent, and anything else that was sent in their place. Two when both headers have one. */
  readonly keys: readonly string[];
  /** A token as it was sent. */
  readonly token?: string | undefined;
  /**
   * The organizations that the request names, by slug or id. A text that can be neither is kept: it names no
   * organization, so it agrees with none.
   */
  readonly selectors: readonly string[];
}

export type Decision =
  | { readonly refuse: 'unauthenticated' | 'invalid_credentials' }
  | { readonly ask: Credentials };

/**
 * Tenant resolution: works out who asks. Authority proves (an API key, a token, or both), selectors only choose
 * (`x-organization`, the subdomain).
 * @throws Unauthenticated `unauthenticated` when there is no authority, `invalid_credentials` when one is not good
 * @throws Unavailable when the issuer's keys cannot be fetched
 */
export async function resolve(request: RequestIdentity, settings: ResolutionSettings): Promise<Credentials> {
  const { keyEnvironment, baseDomain, tokens } = settings;
  const presented = presentedBy(request, baseDomain);
  const user = presented.token !== undefined && tokens ? await userOf(presented.token, tokens) : undefined;
  const decision = decide(presented, user, keyEnvironment);
  if ('refuse' in decision) throw new Unauthenticated(decision.refuse, explanations[decision.refuse]);
  return decision.ask;
}

const explanations = {
  unauthenticated:
    'Send an API key ("Authorization: Bearer sk_…" or "x-api-key: sk_…") or a token ("Authorization: Bearer …").',
  // The same words as for a key that the database refuses, so that the answer does not show the reason.
  invalid_credentials: 'The credential is not valid.',
} as const;

async function userOf(token: string, config: TokenConfig): Promise<VerifiedUser | undefined> {
  const claims = await verifyToken(token, config);
  if (!claims) return undefined;
  const { email, subject } = claims;
  return { pass: mintPass(email, config.passKey), email, subject };
}

/** Three parts of base64url, the last of which an unsigned token leaves empty. No API key has a dot. */
const tokenPattern = /^[\w-]+\.[\w-]+\.[\w-]*$/;

/** Collects what a request presents: credentials from two headers, selectors from a header and the subdomain. */
export function presentedBy(request: RequestIdentity, baseDomain: string | undefined): Presented {
  const { authorization, 'x-api-key': apiKey, 'x-organization': organization } = request.headers;
  const bearer = authorization?.trim() ? bearerOf(authorization.trim()) : undefined;
  const token = bearer !== undefined && tokenPattern.test(bearer) ? bearer : undefined;
  return {
    keys: [token === undefined ? bearer : undefined, apiKey?.trim() || undefined].filter(
      (key) => key !== undefined,
    ),
    token,
    // An empty header names no organization. No credential belongs to it, so it is not left out.
    selectors: [organization?.trim(), subdomainOf(request.domainName, baseDomain)].filter(
      (selector) => selector !== undefined,
    ),
  };
}

/**
 * The part of a host before the base domain: an organization's slug. Several labels are not a slug, so they name no
 * organization. The base domain itself and every other host, such as API Gateway's own, select nothing.
 */
function subdomainOf(domainName: string, baseDomain: string | undefined): string | undefined {
  if (!baseDomain) return undefined;
  const host = lowerCaseOfAscii(domainName).replace(/\.$/, '');
  return host.endsWith(`.${baseDomain}`) ? host.slice(0, -baseDomain.length - 1) : undefined;
}

/**
 * Decides everything that needs no database.
 *
 * A request without authority is refused, even when it names an organization. Every authority that is presented must be
 * good: a malformed key, or a token that proved no user, spoils the request. The answer is the same as for a key that the
 * database does not know. The database decides the rest, with what this returns: whether the key exists, who is a member
 * of which organization, whether everything agrees, whether the organization is suspended.
 */
export function decide(
  { keys, token, selectors }: Presented,
  user: VerifiedUser | undefined,
  keyEnvironment: string,
): Decision {
  const [first, ...others] = keys;
  if (first === undefined && token === undefined) return { refuse: 'unauthenticated' };
  const key = first === undefined ? undefined : parseApiKey(first, keyEnvironment);
  const isGood =
    (first === undefined || key !== undefined) &&
    others.every((other) => other === first) &&
    (token === undefined || user !== undefined);
  return isGood ? { ask: { key, user, selectors } } : { refuse: 'invalid_credentials' };
}
