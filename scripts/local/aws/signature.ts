import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** The one key that a loopback knows. */
export interface AwsKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** A new key. Its id cannot be taken for one of AWS, which start with AKIA or ASIA. */
export function createAwsKey(): AwsKey {
  return {
    accessKeyId: `LOCAL${randomBytes(8).toString('hex').toUpperCase()}`,
    secretAccessKey: randomBytes(30).toString('base64url'),
  };
}

/** What of a request is signed. */
export interface SignableRequest {
  readonly method: string;
  /** As it was sent, still escaped. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
}

/** Why a signature is not accepted; each service has its own words for these. */
export type SignatureFault =
  | 'missing'
  | 'malformed'
  | 'session_token'
  | 'unknown_key'
  | 'skewed'
  | 'expired'
  | 'headers_not_signed'
  | 'mismatch';

/** What the caller says it has signed. */
interface Claim {
  readonly accessKeyId: string;
  /** `<date>/<region>/<service>/aws4_request` */
  readonly scope: string;
  /** As in `20261123T074649Z`. */
  readonly signedAt: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** For a presigned URL: how long it is good. */
  readonly expiresSeconds: number | undefined;
}

const algorithm = 'AWS4-HMAC-SHA256';
const maxSkewMs = 15 * 60_000;
const maxExpiresSeconds = 7 * 86_400;

/**
 * Verifies Signature Version 4 of a request, in its header or in its query (a presigned URL). `payloadHash` is what
 * the service takes for the hash of the body. Returns what is wrong, or undefined.
 */
export function signatureFault(
  request: SignableRequest,
  payloadHash: string,
  { key, service, now }: { readonly key: AwsKey; readonly service: string; readonly now: Date },
): SignatureFault | undefined {
  if (!request.headers.authorization && !request.query.has('X-Amz-Signature')) return 'missing';
  const claim = request.headers.authorization ? headerClaim(request) : queryClaim(request);
  const signedAt = claim && parseTime(claim.signedAt);
  if (!claim || !signedAt) return 'malformed';
  const [date, , scopeService, end, ...more] = claim.scope.split('/');
  const fits = date === claim.signedAt.slice(0, 8) && scopeService === service && end === 'aws4_request';
  if (!fits || more.length > 0) return 'malformed';
  // The loopback gives no sessions; a token that is here belongs to keys of the real AWS.
  if (request.headers['x-amz-security-token'] || request.query.has('X-Amz-Security-Token'))
    return 'session_token';
  if (claim.accessKeyId !== key.accessKeyId) return 'unknown_key';

  const ageMs = now.getTime() - signedAt.getTime();
  if (claim.expiresSeconds === undefined ? Math.abs(ageMs) > maxSkewMs : ageMs < -maxSkewMs) return 'skewed';
  if (claim.expiresSeconds !== undefined && ageMs > claim.expiresSeconds * 1_000) return 'expired';

  const mustBeSigned = Object.keys(request.headers).filter((name) => name.startsWith('x-amz-'));
  if (!['host', ...mustBeSigned].every((name) => claim.signedHeaders.includes(name)))
    return 'headers_not_signed';
  const wanted = sign(request, claim, payloadHash, key);
  return isSame(wanted, claim.signature) ? undefined : 'mismatch';
}

/** The region in the scope of a request's signature; empty when it has none. */
export function signedRegion(request: SignableRequest): string {
  const claim = request.headers.authorization ? headerClaim(request) : queryClaim(request);
  return claim?.scope.split('/')[1] ?? '';
}

function headerClaim({ headers }: SignableRequest): Claim | undefined {
  const [scheme, ...rest] = (headers.authorization ?? '').split(' ');
  if (scheme !== algorithm) return undefined;
  const parts = new Map(
    rest
      .join('')
      .split(',')
      .map((part) => [part.slice(0, part.indexOf('=')), part.slice(part.indexOf('=') + 1)] as const),
  );
  const date = headers['x-amz-date'];
  return claimOf({
    credential: parts.get('Credential'),
    signedAt: typeof date === 'string' ? date : undefined,
    signedHeaders: parts.get('SignedHeaders'),
    signature: parts.get('Signature'),
    expiresSeconds: undefined,
  });
}

function queryClaim({ query }: SignableRequest): Claim | undefined {
  const expiresSeconds = Number(query.get('X-Amz-Expires') ?? Number.NaN);
  const isInRange = expiresSeconds >= 1 && expiresSeconds <= maxExpiresSeconds;
  if (query.get('X-Amz-Algorithm') !== algorithm || !isInRange) return undefined;
  return claimOf({
    credential: query.get('X-Amz-Credential'),
    signedAt: query.get('X-Amz-Date'),
    signedHeaders: query.get('X-Amz-SignedHeaders'),
    signature: query.get('X-Amz-Signature'),
    expiresSeconds,
  });
}

function claimOf(parts: {
  readonly credential: string | null | undefined;
  readonly signedAt: string | null | undefined;
  readonly signedHeaders: string | null | undefined;
  readonly signature: string | null | undefined;
  readonly expiresSeconds: number | undefined;
}): Claim | undefined {
  const { credential, signedAt, signedHeaders, signature, expiresSeconds } = parts;
  if (!credential || !signedAt || !signedHeaders || !signature) return undefined;
  const slash = credential.indexOf('/');
  return {
    accessKeyId: credential.slice(0, slash),
    scope: credential.slice(slash + 1),
    signedAt,
    signedHeaders: signedHeaders.split(';'),
    signature,
    expiresSeconds,
  };
}

function sign(
  request: SignableRequest,
  claim: Claim,
  payloadHash: string,
  { secretAccessKey }: AwsKey,
): string {
  const canonical = [
    request.method,
    canonicalPath(request.path),
    canonicalQuery(request.query),
    ...claim.signedHeaders.map((name) => `${name}:${headerValue(request.headers, name)}`),
    '',
    claim.signedHeaders.join(';'),
    payloadHash,
  ].join('\n');
  const toSign = [algorithm, claim.signedAt, claim.scope, sha256Hex(canonical)].join('\n');
  const signingKey = claim.scope
    .split('/')
    .reduce<string | Buffer>((derived, part) => hmac(derived, part), `AWS4${secretAccessKey}`);
  return hmac(signingKey, toSign).toString('hex');
}

function canonicalPath(path: string): string {
  return path.split('/').map(reescape).join('/');
}

function canonicalQuery(query: URLSearchParams): string {
  return [...query]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => `${escapeUri(name)}=${escapeUri(value)}`)
    .sort()
    .join('&');
}

function headerValue(headers: IncomingHttpHeaders, name: string): string {
  return [headers[name] ?? '']
    .flat()
    .map((value) => value.trim().replace(/ +/g, ' '))
    .join(',');
}

/** Escapes a segment of a path as AWS does, whichever of the equal ways the client has chosen. */
function reescape(segment: string): string {
  try {
    return escapeUri(decodeURIComponent(segment));
  } catch {
    return segment;
  }
}

function escapeUri(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function parseTime(text: string): Date | undefined {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text) ?? [];
  const time = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(time.getTime()) ? undefined : time;
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

export function sha256Hex(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

function isSame(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
