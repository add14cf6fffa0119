import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** The checksums that the local S3 verifies and gives back, by the end of their header's name. */
export type ChecksumAlgorithm = 'crc32' | 'sha1' | 'sha256';

export const checksumAlgorithms: readonly ChecksumAlgorithm[] = ['crc32', 'sha1', 'sha256'];

export const checksumHeader = (algorithm: ChecksumAlgorithm) => `x-amz-checksum-${algorithm}`;

/** What a body of bytes amounts to. */
export interface Digests {
  readonly bytes: number;
  /** In hex: the ETag. */
  readonly md5: string;
  /** In hex: `x-amz-content-sha256`. */
  readonly sha256: string;
  /** In base64, as the headers say them. */
  readonly checksums: Readonly<Record<ChecksumAlgorithm, string>>;
}

/** Digests a body as it passes. */
export function createDigester(): { add(chunk: Uint8Array): void; digests(): Digests } {
  const [md5, sha1, sha256] = [createHash('md5'), createHash('sha1'), createHash('sha256')];
  let cyclic = 0;
  let bytes = 0;
  return {
    add(chunk) {
      for (const hash of [md5, sha1, sha256]) hash.update(chunk);
      cyclic = crc32(chunk, cyclic);
      bytes += chunk.length;
    },
    digests() {
      const sha256Bytes = sha256.digest();
      const crc32Bytes = Buffer.alloc(4);
      crc32Bytes.writeUInt32BE(cyclic);
      return {
        bytes,
        md5: md5.digest('hex'),
        sha256: sha256Bytes.toString('hex'),
        checksums: {
          crc32: crc32Bytes.toString('base64'),
          sha1: sha1.digest('base64'),
          sha256: sha256Bytes.toString('base64'),
        },
      };
    },
  };
}
