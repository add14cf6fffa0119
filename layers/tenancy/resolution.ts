import { type PresentedKey, parseApiKey } from './credentials/api-keys.ts';

/** What a request carries that says who asks and for which organization, before any of it is proven. */
export interface Presented {
  /** API keys as they were sent, and whatever else was sent in their place; several only when they were sent twice. */
  readonly keys: readonly string[];
  /** A token as it was sent. */
  readonly token?: string | undefined;
  /** The organizations the request names (slug or id). What can be neither is kept: it names none, so it never agrees. */
  readonly selectors: readonly string[];
}

/** A user whose token was verified. */
export interface VerifiedUser {
  /** What the database lets the user in with; short-lived and secret. */
  readonly pass: string;
  /** The issuer's own id for the user: for logs. */
  readonly subject: string | undefined;
}

/** Who asks, as far as it can be told without the database, which has the last word on every transaction. */
export interface Credentials {
  /** At least one of key and user is there; when both are, both must agree. */
  readonly key?: PresentedKey | undefined;
  readonly user?: VerifiedUser | undefined;
  /** The organizations the request names; each must be the authority's own. */
  readonly selectors: readonly string[];
}

export type Decision =
  | { readonly refuse: 'unauthenticated' | 'invalid_credentials' }
  | { readonly ask: Credentials };

/**
 * Decides everything that can be decided without the database: authority proves, selectors only choose.
 *
 * Without any authority a request is refused, whatever it names. Every authority that is presented must be good: one that
 * is malformed, or a token that proved no user, spoils the request, with the same answer that keys get which the database
 * does not know. What remains (is there such a key, who is a member of what, does everything agree, is the organization
 * suspended) the database is asked, with what this answers.
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
