import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { AwsRequest } from '../http-service.ts';
import { refusal } from './errors.ts';
import { headerOf } from './operation.ts';
import type { Checksum, ChecksumAlgorithm } from './store.ts';

const algorithms: readonly ChecksumAlgorithm[] = ['sha256', 'crc32'];

export const checksumHeader = (algorithm: ChecksumAlgorithm) => `x-amz-checksum-${algorithm}`;

/** A body that has arrived whole and is what its sender said it is. */
export interface Received {
  readonly bytes: number;
  /** In hex: the ETag. */
  readonly md5: string;
  /** The checksum that came with it. */
  readonly checksum: Checksum | undefined;
}

/**
 * Reads the body of a request to its end, giving every piece to `keep`, and verifies the hash that was signed and the
 * checksum in a header.
 * @throws AwsError when anything does not agree
 */
export async function receive(
  request: AwsRequest,
  keep: (piece: Uint8Array) => Promise<void>,
): Promise<Received> {
  const signedHash = headerOf(request, 'x-amz-content-sha256') ?? '';
  if (signedHash.startsWith('STREAMING-')) throw refusal.notImplemented(signedHash);
  const [md5, sha256] = [createHash('md5'), createHash('sha256')];
  let cyclic = 0;
  let bytes = 0;
  for await (const piece of request.body as AsyncIterable<Uint8Array>) {
    md5.update(piece);
    sha256.update(piece);
    cyclic = crc32(piece, cyclic);
    bytes += piece.length;
    await keep(piece);
  }
  const computed = { sha256: sha256.digest(), crc32: Buffer.alloc(4) };
  computed.crc32.writeUInt32BE(cyclic);
  if (signedHash !== 'UNSIGNED-PAYLOAD' && signedHash !== computed.sha256.toString('hex')) {
    throw refusal.badDigest('x-amz-content-sha256');
  }
  const algorithm = algorithms.find((each) => headerOf(request, checksumHeader(each)) !== undefined);
  if (!algorithm) return { bytes, md5: md5.digest('hex'), checksum: undefined };
  const value = computed[algorithm].toString('base64');
  if (headerOf(request, checksumHeader(algorithm)) !== value)
    throw refusal.badDigest(algorithm.toUpperCase());
  return { bytes, md5: md5.digest('hex'), checksum: { algorithm, value } };
}
