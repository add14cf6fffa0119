import { leafHash } from './merkle.ts';

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
  readonly kind: string;
  readonly reference: string | null;
  readonly actor: string;
  readonly reverses: string | null;
  /** As Postgres writes jsonb: every byte counts. */
  readonly metadata: string;
}

/** Microseconds from 1970 (the epoch of JavaScript) to 2000 (the epoch of Postgres). */
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

/** The hash of a movement's leaf in its seal. */
export function movementHash(movement: SealedMovement): Buffer {
  return leafHash(leafBytes(movement));
}

/** Microseconds since the beginning of 2000. `-infinity` and `infinity` are the smallest and the largest number. */
function instantMicros(instant: string): bigint {
  if (instant === '-infinity') return -(2n ** 63n);
  if (instant === 'infinity') return 2n ** 63n - 1n;
  return BigInt(Date.parse(instant)) * 1000n - epochMicros;
}
