import { createHash } from 'node:crypto';

/** A seal as the API shows it. Hashes are in hex; instants UTC, to the millisecond. */
export interface Seal {
  readonly seq: number;
  readonly hash: string;
  readonly previousHash: string;
  /** The boundary of the seal before; null for the first. */
  readonly afterEntry: string | null;
  readonly boundary: string;
  readonly movements: number;
  readonly merkleRoot: string;
  readonly closings: number;
  readonly closingDigest: string;
  readonly recordedThrough: string;
  readonly settledThrough: string | null;
  readonly sealedAt: string;
}

/** What comes before the first seal. */
export const genesisHash = '0'.repeat(64);

/** The text whose SHA-256 is the hash of a seal: a line for each of its fields, in this order. */
export function sealHeader(organizationId: string, seal: Omit<Seal, 'hash'>): string {
  return [
    'stockade seal 1',
    organizationId,
    seal.seq,
    seal.previousHash,
    seal.afterEntry ?? '',
    seal.boundary,
    seal.movements,
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

/** The hash that a seal of these fields has, in hex. */
export function sealHash(organizationId: string, seal: Omit<Seal, 'hash'>): string {
  return createHash('sha256').update(sealHeader(organizationId, seal)).digest('hex');
}
