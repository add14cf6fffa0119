/** The parts of a request line's target, as an HTTP API tells them apart. */
export interface RequestTarget {
  /** Decoded once: what routes are matched against. `%2F` has become a separator by now. */
  readonly routePath: string;
  /** Decoded twice: what the function gets. */
  readonly rawPath: string;
  /** As it was sent, without the question mark. */
  readonly rawQueryString: string;
}

/**
 * Splits and decodes a request target the way API Gateway's HTTP API does, which differs from every other way into
 * Lambda. Seen on the live service (captures published with hotsock/voker, July 2026), sent path -> `rawPath`:
 *
 *     /space%20value     /space value
 *     /slash%2Fvalue     /slash/value      an encoded slash separates segments
 *     /question%3Fvalue  /question         an encoded question mark ends the path
 *     /percent%25done    400               decoded twice: "%do" is no escape
 *     /literal%252Fvalue /literal/value    decoded twice: the way to get a slash into a path parameter
 *     /literal%2525value /literal%value
 *
 * The query string is left alone. Undefined for a target that is answered with 400.
 */
export function parseTarget(target: string): RequestTarget | undefined {
  const local = target.replace(/^https?:\/\/[^/?#]*/i, '');
  const [beforeQuery = '', ...afterQuery] = local.split('?');
  const path = beforeQuery || '/';
  if (!path.startsWith('/')) return undefined;
  const once = decodePercent(path);
  const routePath = once?.split('?')[0];
  const rawPath = routePath === undefined ? undefined : decodePercent(routePath);
  if (routePath === undefined || rawPath === undefined) return undefined;
  return { routePath, rawPath, rawQueryString: afterQuery.join('?') };
}

/** Percent-decoding as UTF-8; undefined when an escape is not one. A plus stays a plus. */
export function decodePercent(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** Names and values of a query string; a value that is not properly escaped is taken as it stands. */
export function parseQuery(rawQueryString: string): [string, string][] {
  return rawQueryString
    .split('&')
    .filter((part) => part !== '')
    .map((part) => {
      const at = part.indexOf('=');
      const name = at < 0 ? part : part.slice(0, at);
      const value = at < 0 ? '' : part.slice(at + 1);
      return [decodeQueryPart(name), decodeQueryPart(value)];
    });
}

function decodeQueryPart(text: string): string {
  const spaced = text.replaceAll('+', ' ');
  return decodePercent(spaced) ?? spaced;
}
