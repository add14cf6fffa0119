import * as z from 'zod';
import type { SealedMovement } from './leaf.ts';
import type { MovementProof } from './proof.ts';
import type { Seal } from './seal.ts';

/** The form of proofs. The checks before the hashes matter: the same value in another notation could have the same hash. */

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

/** The fields of a seal that all versions have. */
const sealFields = {
  seq: Count.min(1),
  hash: Hash,
  previousHash: Hash,
  afterEntry: Uuid.nullable(),
  boundary: Uuid,
  movements: Count.min(1),
  merkleRoot: Hash,
  closings: Count.min(1),
  closingDigest: Hash,
  recordedThrough: Instant,
  settledThrough: Instant.nullable(),
  sealedAt: Instant,
} as const;

const SealShape = z.discriminatedUnion(
  'version',
  [
    z.strictObject({ version: z.literal(1), ...sealFields, entries: z.null() }),
    z.strictObject({ version: z.literal(2), ...sealFields, entries: Count.min(1) }),
  ],
  'must be a seal of version 1 or 2',
) satisfies z.ZodType<Seal>;

/** The fields of a movement that the seals of all versions cover. */
const movementFields = {
  entryId: Uuid,
  line: z.int32().min(1),
  itemId: Uuid,
  locationId: Uuid,
  quantity: z.string().regex(/^-?\d{1,11}\.\d{4}$/, 'must be a number with four decimals, as a string'),
  lot: Text,
  occurredAt: Instant,
  recordedAt: Instant,
  kind: Kind,
  reference: Text.nullable(),
  actor: Text,
  reverses: Uuid.nullable(),
  metadata: Text,
} as const;

const MovementShape = z.strictObject({
  ...movementFields,
  entryOccurredAt: Instant.nullable(),
  entryRecordedAt: Instant.nullable(),
}) satisfies z.ZodType<SealedMovement>;

/** The fields of a proof that do not depend on the version of its seals. */
const proofFields = {
  organizationId: Uuid,
  leaf: z.strictObject({ index: Count, size: Count.min(1) }),
  path: z.array(Hash).max(64),
  anchor: z
    .strictObject({ key: z.string(), versionId: z.string().nullable(), anchoredAt: Instant })
    .nullable(),
} as const;

/** A proof of the first form, which has seals of version 1 only, and none of the fields that these do not cover. */
const FirstProof = z
  .strictObject({
    format: z.literal('stockade proof 1'),
    ...proofFields,
    movement: z.strictObject(movementFields),
    seal: z.strictObject(sealFields),
    chain: z.array(z.strictObject(sealFields)),
  })
  .transform(({ movement, seal, chain, ...proof }): MovementProof => {
    const withVersion = (link: typeof seal) => ({ ...link, version: 1, entries: null });
    return {
      ...proof,
      format: 'stockade proof 2',
      movement: { ...movement, entryOccurredAt: null, entryRecordedAt: null },
      seal: withVersion(seal),
      chain: chain.map(withVersion),
    };
  });

const SecondProof = z
  .strictObject({
    format: z.literal('stockade proof 2'),
    ...proofFields,
    movement: MovementShape,
    seal: SealShape,
    chain: z.array(SealShape),
  })
  .refine(
    ({ movement, seal }) =>
      [movement.entryOccurredAt, movement.entryRecordedAt].every(
        (time) => (time === null) === (seal.version === 1),
      ),
    {
      path: ['movement'],
      error: 'must have the times of its entry when its seal has version 2, and null when it has version 1',
    },
  ) satisfies z.ZodType<MovementProof>;

/** A proof, as `GET /v1/movements/{id}/proof` returns it or has returned it. */
export const MovementProofShape: z.ZodType<MovementProof> = z.discriminatedUnion(
  'format',
  [FirstProof, SecondProof],
  'must be a proof with the format "stockade proof 1" or "stockade proof 2"',
);
