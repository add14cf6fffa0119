import type { Presented } from './resolution.ts';

/** The parts of a request that say who asks and for which organization. Header names are lower case. */
export interface RequestIdentity {
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The host name that API Gateway accepted the request for; never one that a header forwards. */
  readonly domainName: string;
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
    // A header that is there and empty names no organization, which no credential belongs to.
    selectors: [organization?.trim(), subdomainOf(request.domainName, baseDomain)].filter(
      (selector) => selector !== undefined,
    ),
  };
}

/** Any other scheme is a credential we cannot check: it fails as a malformed key does. */
export function bearerOf(authorization: string): string {
  return /^bearer +(\S+)$/i.exec(authorization)?.[1] ?? '';
}

/**
 * What stands before the base domain: an organization's slug. Several labels are no slug, so they name no organization.
 * The base domain itself and every other host, such as API Gateway's own, name nothing.
 */
function subdomainOf(domainName: string, baseDomain: string | undefined): string | undefined {
  if (!baseDomain) return undefined;
  const host = domainName.toLowerCase().replace(/\.$/, '');
  return host.endsWith(`.${baseDomain}`) ? host.slice(0, -baseDomain.length - 1) : undefined;
}
