import type { HttpMiddleware, HttpResult } from '../event.ts';

/** Two years. Organizations have subdomains of the API, and those are served over HTTPS only as well. */
const transportSecurity = `max-age=${2 * 365 * 24 * 60 * 60}; includeSubDomains`;

/**
 * What every answer tells a browser (OWASP cheat sheet "REST Security"). An answer is data for a program: nobody keeps it,
 * guesses another type, shows it in a frame or runs anything in it.
 */
export const securityHeaders: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'strict-transport-security': transportSecurity,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/**
 * Gives every answer the security headers, errors too. A header that the answer has stays: a page has a policy of its own.
 * Use it outside of what answers errors.
 *
 * @example
 * middy().use(requestContext()).use(securityResponse()).use(problemResponse()).handler(…)
 */
export function securityResponse(): HttpMiddleware {
  function addHeaders({ response }: { readonly response: HttpResult | null | undefined }): void {
    if (response) response.headers = { ...securityHeaders, ...response.headers };
  }

  return { after: addHeaders, onError: addHeaders };
}
