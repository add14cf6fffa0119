import type pg from 'pg';
import type { LeafValues } from '../leaf.ts';
import { hashOfValues } from '../leaf-hash.ts';
import { uuidOf } from '../pages.ts';
import type { Seal } from '../seal.ts';

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
 * The movements of the entries after `after` up to the boundary of a seal, ordered by entry and line, with the leaves that the
 * version of the seal defines. `snapshot` is inside a transaction and reads one such stream at a time.
 */
export async function* readMovements(
  snapshot: pg.ClientBase,
  orgId: string,
  { boundary, version }: Pick<Seal, 'boundary' | 'version'>,
  after: string | null,
): AsyncGenerator<FoundMovement> {
  // The stored values themselves, and not their texts: two instants may have the same text.
  await snapshot.query({
    text: `declare movements no scroll cursor for
      select
        uuid_send(m.entry_id), int4send(m.line), uuid_send(m.item_id), uuid_send(m.location_id),
        timestamptz_send(m.occurred_at), timestamptz_send(m.recorded_at),
        timestamptz_send(e.occurred_at), timestamptz_send(e.recorded_at),
        convert_to(m.quantity::text, 'UTF8'), convert_to(m.lot, 'UTF8'), convert_to(e.kind, 'UTF8'),
        convert_to(e.reference, 'UTF8'), convert_to(e.actor, 'UTF8'), uuid_send(e.reverses),
        convert_to(e.metadata::text, 'UTF8')
      from inventory.movements m
      -- The sum of an entry that is gone is still known: its movements are reported as altered, not as missing.
      left join inventory.entries e on e.org_id = m.org_id and e.id = m.entry_id
      where m.org_id = $1 and m.entry_id > $2 and m.entry_id <= $3
      order by m.entry_id, m.line`,
    values: [orgId, after ?? '00000000-0000-0000-0000-000000000000', boundary],
  });
  try {
    for (;;) {
      const { rows } = await snapshot.query<(Buffer | null)[]>({
        text: `fetch ${fetchRows} from movements`,
        rowMode: 'array',
      });
      for (const row of rows) yield foundMovement(row, version);
      if (rows.length < fetchRows) return;
    }
  } finally {
    await snapshot.query('close movements');
  }
}

function foundMovement(values: LeafValues, version: number): FoundMovement {
  const [entry, line, item, location] = values.map((value) => Buffer.from(value ?? []));
  const [quantity, lot] = values.slice(8).map((value) => Buffer.from(value ?? []).toString());
  return {
    entryId: uuidOf(entry),
    line: line?.readInt32BE() ?? 0,
    itemId: uuidOf(item),
    locationId: uuidOf(location),
    lot: lot ?? '',
    // What is not a number could never be summed up, and its leaf differs.
    quantity: tenThousandths(quantity ?? '') ?? 0n,
    hash: hashOfValues(values, version),
  };
}

/** A number with four decimals, as Postgres writes it, without its decimal point. Undefined for NaN. */
export function tenThousandths(decimal: string): bigint | undefined {
  return /^-?\d+\.\d{4}$/.test(decimal) ? BigInt(decimal.replace('.', '')) : undefined;
}
