import * as z from 'zod';
import { counted } from '#platform/plural.ts';
import { anchorKey } from './anchor-key.ts';
import { movementHash, type SealedMovement } from './leaf.ts';
import { rootOfPath } from './merkle.ts';
import { otherVersion, type Seal, sealHash, sealVersion } from './seal.ts';

/** Checks proofs with SHA-256 only: without a database, a network, or any data of this machine. */

const Hash = z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in hex');
const Uuid = z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'must be a UUID in lower case');
const Instant = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, 'must be an instant in UTC with milliseconds')
  // JavaScript accepts 31 February and reads it as a day in March.
  .refine((text) => {
    const instant = new Date(text);
    return !Number.isNaN(instant.getTime()) && instant.toISOString() === text;
  }, 'must be an instant that exists');
/** A text that a leaf contains as UTF-8. Half of a surrogate pair would become another character. */
const Text = z.string().refine((text) => text.isWellFormed(), 'must be whole characters');
const Kind = z.enum(['receipt', 'return', 'issue', 'adjustment', 'count', 'transfer', 'reversal', 'opening']);
const Count = z.int().min(0);

const SealShape = z.strictObject({
  version: Count.refine((version) => version === sealVersion, otherVersion),
  seq: Count.min(1),
  hash: Hash,
  previousHash: Hash,
  afterEntry: Uuid.nullable(),
  boundary: Uuid,
  movements: Count.min(1),
  entries: Count.min(1),
  merkleRoot: Hash,
  closings: Count.min(1),
  closingDigest: Hash,
  recordedThrough: Instant,
  settledThrough: Instant.nullable(),
  sealedAt: Instant,
}) satisfies z.ZodType<Seal>;

/** A proof, as `GET /v1/movements/{id}/proof` returns it. */
export const MovementProofShape = z.strictObject({
  format: z.literal('stockade proof 2', `must be "stockade proof 2": ${otherVersion}`),
  organizationId: Uuid,
  movement: z.strictObject({
    entryId: Uuid,
    line: z.int32().min(1),
    itemId: Uuid,
    locationId: Uuid,
    quantity: z.string().regex(/^-?\d{1,11}\.\d{4}$/, 'must be a number with four decimals, as a string'),
    lot: Text,
    occurredAt: Instant,
    recordedAt: Instant,
    entryOccurredAt: Instant,
    entryRecordedAt: Instant,
    kind: Kind,
    reference: Text.nullable(),
    actor: Text,
    reverses: Uuid.nullable(),
    metadata: Text,
  }) satisfies z.ZodType<SealedMovement>,
  leaf: z.strictObject({ index: Count, size: Count.min(1) }),
  path: z.array(Hash).max(64),
  seal: SealShape,
  chain: z.array(SealShape),
  anchor: z
    .strictObject({ key: z.string(), versionId: z.string().nullable(), anchoredAt: Instant })
    .nullable(),
});

/**
 * The faults of a proof, in words. Empty when the proof is right. This does not read the anchor: compare the anchor with
 * {@link lastSealOf} if you can read it.
 */
export function faultsOfProof(proof: z.infer<typeof MovementProofShape>): string[] {
  const { organizationId, movement, leaf, seal, chain, anchor } = proof;
  const faults: string[] = [];
  if (leaf.size !== seal.movements) {
    faults.push(
      `the proof is for a tree of ${counted(leaf.size, 'leaf', 'leaves')}, but the seal covers ${counted(seal.movements, 'movement')}`,
    );
  }
  const isBehind = movement.entryId <= seal.boundary;
  const isBefore = seal.afterEntry !== null && movement.entryId <= seal.afterEntry;
  if (!isBehind || isBefore) {
    faults.push(
      `the entry ${movement.entryId} is not between ${seal.afterEntry ?? 'the beginning'} and ${seal.boundary}, the range of seal ${seal.seq}`,
    );
  }
  const leafHash = movementHash(movement);
  const path = proof.path.map((hash) => Buffer.from(hash, 'hex'));
  const root = rootOfPath(leafHash, leaf, path);
  if (!root) {
    faults.push(
      `a path of ${counted(path.length, 'hash', 'hashes')} does not lead from leaf ${leaf.index} to the root of ${counted(leaf.size, 'leaf', 'leaves')}`,
    );
  } else if (Buffer.from(root).toString('hex') !== seal.merkleRoot) {
    faults.push(
      `the movement (leaf hash ${leafHash.toString('hex')}) leads to the root ${Buffer.from(root).toString('hex')}, ` +
        `but seal ${seal.seq} has ${seal.merkleRoot}: the movement, its path or the root was altered`,
    );
  }
  let previous: Seal | undefined;
  for (const link of [seal, ...chain]) {
    const hash = sealHash(organizationId, link);
    if (hash !== link.hash) {
      faults.push(
        `the fields of seal ${link.seq} have the hash ${hash}, not ${link.hash}: one of them was altered`,
      );
    }
    if (
      previous &&
      (link.previousHash !== previous.hash ||
        link.seq !== previous.seq + 1 ||
        link.afterEntry !== previous.boundary)
    ) {
      faults.push(
        `seal ${link.seq} does not follow seal ${previous.seq}: its previousHash is ${link.previousHash}`,
      );
    }
    previous = link;
  }
  const last = lastSealOf(proof);
  const key = anchorKey(organizationId, last.seq);
  if (anchor && anchor.key !== key) {
    faults.push(`the anchor of seal ${last.seq} is ${key}, not ${anchor.key}`);
  }
  return faults;
}

/** The last seal in the chain of a proof. The anchor of the proof belongs to it. */
export function lastSealOf({ seal, chain }: z.infer<typeof MovementProofShape>): Seal {
  return chain.at(-1) ?? seal;
}
