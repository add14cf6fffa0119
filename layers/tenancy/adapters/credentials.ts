import type { PassKey } from '#platform/config.ts';
import { Unauthenticated } from '#platform/errors.ts';
import { parseApiKey, type Scope } from '../credentials/api-keys.ts';
import { mintPass } from '../credentials/passes.ts';
import type { Visitor } from './entered-transaction.ts';

export type { PassKey } from '#platform/config.ts';
export { OutcomeUnknown, Problem, Unauthenticated, Unavailable } from '#platform/errors.ts';
export type { Scope } from '../credentials/api-keys.ts';
export type { TransactionMode } from '../transaction/entering.ts';
export type { Visitor } from './entered-transaction.ts';

export interface Visit {
  /** What the transactions need; the key or the membership must carry it. */
  readonly scope: Scope;
  /** The slug or id of the organization. With a key it may be left out; a user of several must name one. */
  readonly organization?: string;
}

/**
 * Who asks, as a user that the application has authenticated itself. The pass inside expires after a minute: create it for
 * each request.
 * @param email the user's address, in lower case, as `npm run users:assign` was given it
 *
 * @example
 * const tenant = asUser(session.email, passKey, { organization: 'acme', scope: 'write' });
 */
export function asUser(email: string, passKey: PassKey, { organization, scope }: Visit): Visitor {
  const user = { pass: mintPass(email, passKey), email, subject: undefined };
  return { credentials: { user, selectors: selectorsOf(organization) }, scope };
}

/**
 * Who asks, with an API key of an organization.
 * @param environment the part of the key after `sk_`
 * @throws Unauthenticated when the key is malformed, mistyped or of another environment
 *
 * @example
 * const tenant = asKey(request.headers['x-api-key'], 'live', { scope: 'read' });
 */
export function asKey(apiKey: string, environment: string, { organization, scope }: Visit): Visitor {
  const key = parseApiKey(apiKey, environment);
  if (!key) throw new Unauthenticated('invalid_credentials', 'The credential is not valid.');
  return { credentials: { key, selectors: selectorsOf(organization) }, scope };
}

function selectorsOf(organization: string | undefined): string[] {
  return organization === undefined ? [] : [organization];
}
