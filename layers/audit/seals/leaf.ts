/** A movement and its entry, with the fields that a seal covers. */
export interface SealedMovement {
  readonly entryId: string;
  readonly line: number;
  readonly itemId: string;
  readonly locationId: string;
  /** Signed, with four decimals: `-12.5000`. */
  readonly quantity: string;
  /** An empty string when there is no lot. */
  readonly lot: string;
  readonly occurredAt: string;
  readonly recordedAt: string;
  /** The times of the entry, which are stored apart from those of its movements. A seal of version 1 does not cover them: null. */
  readonly entryOccurredAt: string | null;
  readonly entryRecordedAt: string | null;
  readonly kind: string;
  readonly reference: string | null;
  readonly actor: string;
  readonly reverses: string | null;
  /** As Postgres writes jsonb: every byte counts. */
  readonly metadata: string;
}

/** The numbers that Postgres gives the types of a leaf. */
const type = { uuid: 2950, integer: 23, instant: 1184, text: 25 } as const;

/** The fields of a leaf, in their order. */
export const leafFields = [
  ['entryId', type.uuid],
  ['line', type.integer],
  ['itemId', type.uuid],
  ['locationId', type.uuid],
  ['occurredAt', type.instant],
  ['recordedAt', type.instant],
  ['entryOccurredAt', type.instant],
  ['entryRecordedAt', type.instant],
  ['quantity', type.text],
  ['lot', type.text],
  ['kind', type.text],
  ['reference', type.text],
  ['actor', type.text],
  ['reverses', type.uuid],
  ['metadata', type.text],
] as const satisfies readonly (readonly [keyof SealedMovement, number])[];

/** The bytes of the fields of a leaf in their order, null where a field is null. */
export type LeafValues = readonly (Uint8Array | null)[];

/** The bytes that a leaf of a seal of version 2 is the hash of. docs/SEALS.md describes them. */
export function leafBytes(values: LeafValues): Buffer {
  const parts: Uint8Array[] = [int32(leafFields.length)];
  for (const [index, [, type]] of leafFields.entries()) {
    const value = values[index] ?? null;
    parts.push(int32(type), int32(value?.length ?? -1), value ?? Buffer.of());
  }
  return Buffer.concat(parts);
}

/** The bytes of the fields of a movement. The instants must be in UTC with milliseconds, as the API writes them. */
export function leafValues(movement: SealedMovement): LeafValues {
  return leafFields.map(([field, fieldType]) => {
    const value = movement[field];
    if (value === null) return null;
    if (typeof value === 'number') return int32(value);
    if (fieldType === type.uuid) return Buffer.from(value.replaceAll('-', ''), 'hex');
    return fieldType === type.instant ? instantBytes(value) : Buffer.from(value);
  });
}

/** Microseconds from 1970 (the epoch of JavaScript) to 2000 (the epoch of Postgres). */
const epochMicros = BigInt(Date.UTC(2000, 0, 1)) * 1000n;

/** Microseconds since the beginning of 2000. */
function instantBytes(instant: string): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(Date.parse(instant)) * 1000n - epochMicros);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}
