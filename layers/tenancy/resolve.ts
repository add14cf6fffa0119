import { Unauthenticated } from '#platform/errors.ts';
import { type PresentedKey, parseApiKey } from './api-keys.ts';

/** What a request carries that says who asks and for which organization. Header names are lower case. */
export interface RequestIdentity {
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** Who asks, as far as it can be told without the database, which has the last word on every transaction. */
export interface Credentials {
  readonly authority: PresentedKey;
  /** The organizations the request names (slug or id); each must be the authority's own. */
  readonly selectors: readonly string[];
}

/**
 * Works out who asks. Authority proves (an API key), selectors only choose (`x-organization`).
 * @throws Unauthenticated `unauthenticated` when there is no authority, `invalid_credentials` when it is malformed
 *   or two of them disagree
 */
export function resolve(request: RequestIdentity, keyEnvironment: string): Credentials {
  const presented = presentedKeys(request.headers);
  const [first, ...others] = presented;
  if (first === undefined) {
    throw new Unauthenticated(
      'unauthenticated',
      'Send an API key: "Authorization: Bearer sk_…" or "x-api-key: sk_…".',
    );
  }
  const authority = parseApiKey(first, keyEnvironment);
  if (!authority || others.some((other) => other !== first)) {
    throw new Unauthenticated('invalid_credentials', 'The credential is not valid.');
  }
  const selector = request.headers['x-organization']?.trim();
  return { authority, selectors: selector === undefined ? [] : [selector] };
}

function presentedKeys(headers: RequestIdentity['headers']): string[] {
  const keys: string[] = [];
  const authorization = headers.authorization?.trim();
  if (authorization) {
    // Any other scheme is a credential we cannot check: it fails as a malformed key does.
    keys.push(/^bearer +(\S+)$/i.exec(authorization)?.[1] ?? '');
  }
  const apiKey = headers['x-api-key']?.trim();
  if (apiKey) keys.push(apiKey);
  return keys;
}
