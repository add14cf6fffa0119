import type pg from 'pg';
import { movementHash, type SealedMovement } from '../leaf.ts';

/** A stored movement, with the hash that its leaf must have. */
export interface FoundMovement {
  readonly entryId: string;
  readonly line: number;
  readonly itemId: string;
  readonly locationId: string;
  readonly lot: string;
  /** In ten-thousandths. */
  readonly quantity: bigint;
  readonly hash: Buffer;
}

/** The number of rows in memory at a time. */
const fetchRows = 4_096;

/**
 * The movements of the entries after `after` up to `boundary`, ordered by entry and line. `snapshot` is inside a
 * transaction and reads one such stream at a time.
 */
export async function* readMovements(
  snapshot: pg.ClientBase,
  orgId: string,
  { after, boundary }: { readonly after: string | null; readonly boundary: string },
): AsyncGenerator<FoundMovement> {
  await snapshot.query({
    text: `declare movements no scroll cursor for
      select
        m.entry_id, m.line, m.item_id, m.location_id, m.quantity::text, m.lot,
        ${instant('m.occurred_at')}, ${instant('m.recorded_at')},
        e.kind, e.reference, e.actor, e.reverses, e.metadata::text
      from inventory.movements m
      -- The sum of an entry that is gone is still known: its movements are reported as altered, not as missing.
      left join inventory.entries e on e.org_id = m.org_id and e.id = m.entry_id
      where m.org_id = $1 and m.entry_id > $2 and m.entry_id <= $3
      order by m.entry_id, m.line`,
    values: [orgId, after ?? '00000000-0000-0000-0000-000000000000', boundary],
  });
  try {
    for (;;) {
      const { rows } = await snapshot.query<(string | number | null)[]>({
        text: `fetch ${fetchRows} from movements`,
        rowMode: 'array',
      });
      for (const row of rows) yield foundMovement(row);
      if (rows.length < fetchRows) return;
    }
  } finally {
    await snapshot.query('close movements');
  }
}

/** A time, as a leaf contains it. Infinite times stay as Postgres writes them: no leaf was ever built from one. */
const instant = (column: string) =>
  `case when isfinite(${column}) then inventory.iso(${column}) else ${column}::text end`;

function foundMovement(row: readonly (string | number | null)[]): FoundMovement {
  const text = (index: number) => String(row[index] ?? '');
  const orNull = (index: number) => (row[index] === null ? null : text(index));
  const movement: SealedMovement = {
    entryId: text(0),
    line: Number(row[1]),
    itemId: text(2),
    locationId: text(3),
    quantity: text(4),
    lot: text(5),
    occurredAt: text(6),
    recordedAt: text(7),
    kind: text(8),
    reference: orNull(9),
    actor: text(10),
    reverses: orNull(11),
    metadata: text(12),
  };
  const { entryId, line, itemId, locationId, lot } = movement;
  return {
    entryId,
    line,
    itemId,
    locationId,
    lot,
    // What could never be sealed has the hash of no leaf, so it is reported as altered.
    quantity: tenThousandths(movement.quantity) ?? 0n,
    hash: isSealable(movement) ? movementHash(movement) : Buffer.alloc(32),
  };
}

function isSealable({ quantity, occurredAt, recordedAt }: SealedMovement): boolean {
  const isTime = (instant: string) => /^-?infinity$/.test(instant) || !Number.isNaN(Date.parse(instant));
  return tenThousandths(quantity) !== undefined && isTime(occurredAt) && isTime(recordedAt);
}

/** A number with four decimals, as Postgres writes it, without its decimal point. Undefined for NaN. */
export function tenThousandths(decimal: string): bigint | undefined {
  return /^-?\d+\.\d{4}$/.test(decimal) ? BigInt(decimal.replace('.', '')) : undefined;
}
