import { createHash, hash } from 'node:crypto';

/** The totals and digests of the lines of one table. */
export interface TableDigest {
  readonly rows: number;
  readonly bytes: number;
  /** SHA-256 of the file, hex. */
  readonly sha256: string;
  /** SHA-256 over the digest so far (at first 32 zero bytes) and the next line, hex. `tenancy.digest_tables()` computes the same. */
  readonly digest: string;
}

export interface DigestInProgress {
  /** Adds a line, given without its line feed. */
  add(line: Buffer): void;
  finish(): TableDigest;
}

/** Starts the digest of a table. Add its lines in their order. */
export function startDigest(): DigestInProgress {
  const file = createHash('sha256');
  const lineFeed = Buffer.from('\n');
  let chain = Buffer.alloc(32);
  let rows = 0;
  let bytes = 0;
  return {
    add(line) {
      file.update(line).update(lineFeed);
      chain = hash('sha256', Buffer.concat([chain, line]), 'buffer');
      rows += 1;
      bytes += line.length + 1;
    },
    finish: () => ({ rows, bytes, sha256: file.digest('hex'), digest: chain.toString('hex') }),
  };
}
