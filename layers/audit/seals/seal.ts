import { createHash } from 'node:crypto';

/** A seal, as the API presents it. Hashes are in hex, times in UTC with milliseconds. */
export interface Seal {
  readonly version: number;
  readonly seq: number;
  readonly hash: string;
  readonly previousHash: string;
  /** The boundary of the previous seal. Null for the first. */
  readonly afterEntry: string | null;
  readonly boundary: string;
  readonly movements: number;
  /** Null in version 1, which counts no entries. */
  readonly entries: number | null;
  readonly merkleRoot: string;
  readonly closings: number;
  readonly closingDigest: string;
  readonly recordedThrough: string;
  readonly settledThrough: string | null;
  readonly sealedAt: string;
}

/** The previous hash of the first seal. */
export const genesisHash = '0'.repeat(64);

/** The text whose SHA-256 is the hash of a seal: one line for each of its fields, in this order. Version 1 has no entries. */
export function sealHeader(organizationId: string, seal: Omit<Seal, 'hash'>): string {
  return [
    `stockade seal ${seal.version}`,
    organizationId,
    seal.seq,
    seal.previousHash,
    seal.afterEntry ?? '',
    seal.boundary,
    seal.movements,
    ...(seal.entries === null ? [] : [seal.entries]),
    seal.merkleRoot,
    seal.closings,
    seal.closingDigest,
    seal.recordedThrough,
    seal.settledThrough ?? '',
    seal.sealedAt,
  ]
    .map((field) => `${field}\n`)
    .join('');
}

/** The hash of a seal with these fields, in hex. */
export function sealHash(organizationId: string, seal: Omit<Seal, 'hash'>): string {
  return createHash('sha256').update(sealHeader(organizationId, seal)).digest('hex');
}
