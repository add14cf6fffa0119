import { leafHash } from './merkle.ts';

/** A movement with its entry, as a seal covers it. */
export interface SealedMovement {
  readonly entryId: string;
  readonly line: number;
  readonly itemId: string;
  readonly locationId: string;
  /** Signed, with its four decimals: `-12.5000`. */
  readonly quantity: string;
  /** The empty string for none. */
  readonly lot: string;
  readonly occurredAt: string;
  readonly recordedAt: string;
  readonly kind: string;
  readonly reference: string | null;
  readonly actor: string;
  readonly reverses: string | null;
  /** As Postgres writes jsonb: the bytes matter. */
  readonly metadata: string;
}

/** Microseconds from 1970, where JavaScript begins, to 2000, where Postgres does. */
const epochMicros = BigInt(Date.UTC(2000, 0, 1)) * 1000n;

/** The bytes that a leaf of a seal is the hash of. docs/SEALS.md describes them. */
export function leafBytes(movement: SealedMovement): Buffer {
  const fixed = Buffer.alloc(68);
  fixed.write(movement.entryId.replaceAll('-', ''), 0, 'hex');
  fixed.writeInt32BE(movement.line, 16);
  fixed.write(movement.itemId.replaceAll('-', ''), 20, 'hex');
  fixed.write(movement.locationId.replaceAll('-', ''), 36, 'hex');
  fixed.writeBigInt64BE(instantMicros(movement.occurredAt), 52);
  fixed.writeBigInt64BE(instantMicros(movement.recordedAt), 60);
  const { reference, actor } = movement;
  const text = [
    movement.quantity,
    movement.kind,
    movement.lot,
    movement.reverses ?? '',
    reference === null ? '' : Buffer.byteLength(reference),
    reference ?? '',
    Buffer.byteLength(actor),
    actor,
    movement.metadata,
  ].join('\n');
  return Buffer.concat([fixed, Buffer.from(text)]);
}

/** The hash of the leaf that the movement is in its seal. */
export function movementHash(movement: SealedMovement): Buffer {
  return leafHash(leafBytes(movement));
}

/** Microseconds since 2000 began; what is before or after all instants is the smallest and the largest number. */
function instantMicros(instant: string): bigint {
  if (instant === '-infinity') return -(2n ** 63n);
  if (instant === 'infinity') return 2n ** 63n - 1n;
  return BigInt(Date.parse(instant)) * 1000n - epochMicros;
}
