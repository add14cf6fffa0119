import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { Sha256 } from '@smithy/core/checksum';
import { SignatureV4 } from '@smithy/signature-v4';

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
export type SignatureFault = 'missing' | 'unknown_key' | 'mismatch';

const maxSkewMs = 15 * 60_000;

/**
 * Verifies Signature Version 4 of a request by signing it again. Without `body` the hash of the body is the one that its
 * header says, as with S3. Returns what is wrong, or undefined.
 */
export async function signatureFault(
  request: SignableRequest,
  body: Uint8Array | undefined,
  { key, service, now }: { readonly key: AwsKey; readonly service: string; readonly now: Date },
): Promise<SignatureFault | undefined> {
  const { method, path, headers } = request;
  if (headers.authorization === undefined) return 'missing';
  const claim = claimOf(headers);
  if (!claim) return 'mismatch';
  // The loopback gives no sessions: a token that is here belongs to keys of the real AWS.
  if (claim.accessKeyId !== key.accessKeyId || headers['x-amz-security-token']) return 'unknown_key';
  if (!(Math.abs(now.getTime() - claim.signedAt.getTime()) <= maxSkewMs)) return 'mismatch';
  const mustBeSigned = ['host', ...Object.keys(headers).filter((name) => name.startsWith('x-amz-'))];
  if (!mustBeSigned.every((name) => claim.signedHeaders.has(name))) return 'mismatch';

  const signer = new SignatureV4({
    credentials: key,
    region: claim.region,
    service,
    sha256: Sha256,
    uriEscapePath: false,
    applyChecksum: false,
  });
  const signed = await signer.sign(
    {
      method,
      path,
      query: Object.fromEntries(request.query),
      headers: Object.fromEntries(
        [...claim.signedHeaders].map((name) => [name, String(headers[name] ?? '')]),
      ),
      protocol: 'http:',
      hostname: '',
      body,
    },
    { signingDate: claim.signedAt, signableHeaders: claim.signedHeaders },
  );
  const wanted = claimOf({ ...headers, ...signed.headers });
  return wanted && isSame(wanted.signature, claim.signature) ? undefined : 'mismatch';
}

/** The region in the scope of a request's signature; empty when it has none. */
export function signedRegion({ headers }: SignableRequest): string {
  return claimOf(headers)?.region ?? '';
}

/** What the caller says it has signed. */
interface Claim {
  readonly accessKeyId: string;
  readonly region: string;
  readonly signedAt: Date;
  readonly signedHeaders: Set<string>;
  readonly signature: string;
}

const form =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/\d{8}\/([^/]+)\/[^/]+\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=(\w+)$/;

function claimOf(headers: IncomingHttpHeaders): Claim | undefined {
  const [, accessKeyId, region, names, signature] = form.exec(headers.authorization ?? '') ?? [];
  if (!accessKeyId || !region || !names || !signature) return undefined;
  const at = String(headers['x-amz-date']).replace(
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/,
    '$1-$2-$3T$4:$5:$6Z',
  );
  return { accessKeyId, region, signedAt: new Date(at), signedHeaders: new Set(names.split(';')), signature };
}

function isSame(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
