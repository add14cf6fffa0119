import { AwsError } from '../aws-error.ts';
import type { AwsRequest } from '../http-service.ts';
import { decodeAwsChunked, incompleteBody } from './aws-chunked.ts';
import {
  type ChecksumAlgorithm,
  checksumAlgorithms,
  checksumHeader,
  createDigester,
  type Digests,
} from './checksums.ts';
import { refusal } from './errors.ts';

/** A body that has arrived whole and is what its sender said it is. */
export interface Received extends Digests {
  /** The checksum that came with it. */
  readonly checksum: { readonly algorithm: ChecksumAlgorithm; readonly value: string } | undefined;
}

const chunkedPayload = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER';
const maxDocumentBytes = 2_097_152;

/**
 * Reads the body of a request to its end, giving every piece to `keep`, and verifies all that came with it: length,
 * Content-MD5, the hash that was signed, and a checksum in a header or behind the body.
 * @throws AwsError when anything does not agree
 */
export async function receive(
  request: AwsRequest,
  keep: (piece: Uint8Array) => void | Promise<void>,
): Promise<Received> {
  const { headers, body } = request;
  const payloadHash = headerOf(request, 'x-amz-content-sha256') ?? 'UNSIGNED-PAYLOAD';
  const isChunked = payloadHash.startsWith('STREAMING-');
  if (isChunked && payloadHash !== chunkedPayload) throw refusal.notImplemented(payloadHash);
  if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) {
    throw new AwsError('MissingContentLength', 411, 'You must provide the Content-Length HTTP header.');
  }
  const trailers = new Map<string, string>();
  const pieces = isChunked ? decodeAwsChunked(body, (name, value) => trailers.set(name, value)) : body;
  const digester = createDigester();
  for await (const piece of pieces) {
    digester.add(piece);
    await keep(piece);
  }
  const digests = digester.digests();

  const decodedLength = headerOf(request, 'x-amz-decoded-content-length');
  if (isChunked && Number(decodedLength) !== digests.bytes) throw incompleteBody();
  if (/^[\da-f]{64}$/.test(payloadHash) && payloadHash !== digests.sha256) {
    throw new AwsError(
      'XAmzContentSHA256Mismatch',
      400,
      "The provided 'x-amz-content-sha256' header does not match what was computed.",
    );
  }
  verifyMd5(headerOf(request, 'content-md5'), digests.md5);
  return { ...digests, checksum: verifyChecksum(request, trailers, digests) };
}

/** Reads a short body, such as a document of XML, and verifies it like any other. */
export async function receiveText(request: AwsRequest): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  await receive(request, (piece) => {
    bytes += piece.length;
    if (bytes <= maxDocumentBytes) pieces.push(piece);
  });
  if (bytes > maxDocumentBytes) {
    throw new AwsError('MaxMessageLengthExceeded', 400, 'Your request was too big.');
  }
  return Buffer.concat(pieces).toString('utf8');
}

/** Whether something came with the body by which damage on the way would show. */
export function hasIntegrity(request: AwsRequest): boolean {
  return headerOf(request, 'content-md5') !== undefined || checksumNames(request).length > 0;
}

export function headerOf({ headers }: AwsRequest, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(',') : value;
}

function verifyMd5(sent: string | undefined, computed: string): void {
  if (sent === undefined) return;
  const bytes = Buffer.from(sent, 'base64');
  if (bytes.length !== 16) {
    throw new AwsError('InvalidDigest', 400, 'The Content-MD5 you specified was invalid.');
  }
  if (bytes.toString('hex') !== computed) {
    throw new AwsError('BadDigest', 400, 'The Content-MD5 you specified did not match what we received.');
  }
}

/** The names of checksum headers, and of those announced to come behind the body. */
function checksumNames(request: AwsRequest): string[] {
  const announced = headerOf(request, 'x-amz-trailer')?.toLowerCase().split(',') ?? [];
  return [...Object.keys(request.headers), ...announced.map((name) => name.trim())].filter(
    (name) =>
      name.startsWith('x-amz-checksum-') && name !== 'x-amz-checksum-mode' && name !== 'x-amz-checksum-type',
  );
}

function verifyChecksum(
  request: AwsRequest,
  trailers: ReadonlyMap<string, string>,
  digests: Digests,
): Received['checksum'] {
  const [name, ...more] = checksumNames(request);
  if (more.length > 0) {
    throw refusal.invalidRequest(
      'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
    );
  }
  if (name === undefined) {
    if (headerOf(request, 'x-amz-sdk-checksum-algorithm') === undefined) return undefined;
    throw refusal.invalidRequest(
      'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.',
    );
  }
  const algorithm = checksumAlgorithms.find((each) => checksumHeader(each) === name);
  if (!algorithm) throw refusal.notImplemented(name);
  const value = headerOf(request, name) ?? trailers.get(name);
  if (value === undefined) {
    throw new AwsError(
      'MalformedTrailerError',
      400,
      'The request contained trailing data that was not well-formed.',
    );
  }
  const computed = digests.checksums[algorithm];
  if (Buffer.from(value, 'base64').length !== Buffer.from(computed, 'base64').length) {
    throw refusal.invalidRequest(`Value for ${name} header is invalid.`);
  }
  if (value !== computed) {
    throw new AwsError(
      'BadDigest',
      400,
      `The ${algorithm.toUpperCase()} you specified did not match the calculated checksum.`,
    );
  }
  return { algorithm, value };
}
