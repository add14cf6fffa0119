import { createHash } from 'node:crypto';
import type pg from 'pg';
import { counted } from '#platform/text/plural.ts';
import type { Seal } from '../seal.ts';
import type { Fault, Faults } from './fault.ts';
import { type FoundMovement, tenThousandths } from './movements.ts';

/** One movement, or the sum of several movements of one balance. */
export interface Change extends Pick<FoundMovement, 'itemId' | 'locationId' | 'lot' | 'quantity'> {
  readonly movements?: number;
}

/** What the movements of one seal add to each balance. Its size depends on one seal, not on the length of the history. */
export class Changes {
  private readonly byKey = new Map<string, { quantity: bigint; movements: number }>();

  add({ itemId, locationId, lot, quantity, movements = 1 }: Change): void {
    const key = keyOf(itemId, locationId, lot);
    const change = this.byKey.get(key);
    if (change) {
      change.quantity += quantity;
      change.movements += movements;
    } else {
      this.byKey.set(key, { quantity, movements });
    }
  }

  /** Removes and returns the change of a balance. Undefined when it did not change. */
  take(key: string): { readonly quantity: bigint; readonly movements: number } | undefined {
    const change = this.byKey.get(key);
    this.byKey.delete(key);
    return change;
  }

  /** The balances whose changes were not removed. */
  left(): IterableIterator<string> {
    return this.byKey.keys();
  }
}

interface ClosingRow {
  readonly item_id: string;
  readonly location_id: string;
  readonly lot: string;
  readonly on_hand: string;
  readonly version: string;
  readonly on_hand_before: string;
  readonly version_before: string;
}

const fetchRows = 4_096;

/**
 * Compares the closing balances of a seal with its digest, and with the previous closings plus the seal's movements. The
 * second comparison runs only if the movements are unchanged: otherwise every later closing would be a fault too.
 */
export async function compareClosings(
  snapshot: pg.ClientBase,
  orgId: string,
  seal: Seal,
  changes: Changes,
  faults: Faults,
): Promise<void> {
  const digest = createHash('sha256');
  const suspects: Fault[] = [];
  let count = 0;
  for await (const row of readClosings(snapshot, orgId, seal.seq)) {
    count += 1;
    digest.update(closingBytes(row));
    const change = changes.take(keyOf(row.item_id, row.location_id, row.lot));
    const fault = change
      ? differs(seal, row, change)
      : closingFault(seal, 'closing_inserted', row, 'no movement of the seal changes it');
    if (fault && suspects.length < 100) suspects.push(fault);
  }
  for (const key of changes.left()) {
    const [itemId = '', locationId = '', lot = ''] = key.split('\n');
    if (suspects.length < 100) {
      suspects.push(
        closingFault(
          seal,
          'closing_missing',
          { item_id: itemId, location_id: locationId, lot },
          'movements of the seal change it',
        ),
      );
    }
  }
  if (digest.digest('hex') === seal.closingDigest) {
    if (faults.count === 0) for (const fault of suspects) faults.add(fault);
    return;
  }
  if (suspects.length > 0) for (const fault of suspects) faults.add(fault);
  else {
    faults.add({
      kind: 'closing_altered',
      seal: seal.seq,
      message: `the closing balances of seal ${seal.seq} (${count} stored, ${seal.closings} sealed) do not match the sealed digest`,
    });
  }
}

/** The bytes of one closing balance in the digest: see docs/SEALS.md. */
function closingBytes({ item_id, location_id, lot, on_hand, version }: ClosingRow): Buffer {
  return Buffer.concat([
    Buffer.from(item_id.replaceAll('-', ''), 'hex'),
    Buffer.from(location_id.replaceAll('-', ''), 'hex'),
    Buffer.from(`${lot}\n${on_hand}\n${version}\n`),
  ]);
}

function differs(
  seal: Seal,
  row: ClosingRow,
  { quantity, movements }: { readonly quantity: bigint; readonly movements: number },
): Fault | undefined {
  const before = tenThousandths(row.on_hand_before);
  // The closing before is reported itself.
  if (before === undefined) return undefined;
  const onHand = before + quantity;
  const version = Number(row.version_before) + movements;
  if (onHand === tenThousandths(row.on_hand) && version === Number(row.version)) return undefined;
  return closingFault(
    seal,
    'closing_altered',
    row,
    `it contains ${row.on_hand} after ${counted(Number(row.version), 'movement')}, but history gives ${decimal(onHand)} after ${version}`,
  );
}

function closingFault(
  seal: Seal,
  kind: 'closing_altered' | 'closing_missing' | 'closing_inserted',
  { item_id: itemId, location_id: locationId, lot }: Pick<ClosingRow, 'item_id' | 'location_id' | 'lot'>,
  why: string,
): Fault {
  const what = {
    closing_altered: 'is wrong',
    closing_missing: 'is missing',
    closing_inserted: 'should not exist',
  }[kind];
  return {
    kind,
    seal: seal.seq,
    key: { itemId, locationId, lot },
    message: `the closing balance of item ${itemId} at ${locationId}${lot && `, lot ${lot},`} in seal ${seal.seq} ${what}: ${why}`,
  };
}

async function* readClosings(
  snapshot: pg.ClientBase,
  orgId: string,
  seq: number,
): AsyncGenerator<ClosingRow> {
  await snapshot.query({
    text: `declare closings no scroll cursor for
      select
        c.item_id, c.location_id, c.lot, c.on_hand::text, c.version::text,
        coalesce(before.on_hand, 0)::numeric(17, 4)::text as on_hand_before,
        coalesce(before.version, 0)::text as version_before
      from inventory.seal_closings c
      left join lateral (
        select b.on_hand, b.version
        from inventory.seal_closings b
        where b.org_id = c.org_id
          and b.item_id = c.item_id
          and b.location_id = c.location_id
          and b.lot = c.lot
          and b.seq < c.seq
        order by b.seq desc
        limit 1
      ) before on true
      where c.org_id = $1 and c.seq = $2
      order by c.item_id, c.location_id, c.lot collate "C"`,
    values: [orgId, seq],
  });
  try {
    for (;;) {
      const { rows } = await snapshot.query<ClosingRow>(`fetch ${fetchRows} from closings`);
      yield* rows;
      if (rows.length < fetchRows) return;
    }
  } finally {
    await snapshot.query('close closings');
  }
}

/** Neither an id nor a lot contains a line feed. */
function keyOf(itemId: string, locationId: string, lot: string): string {
  return `${itemId}\n${locationId}\n${lot}`;
}

function decimal(tenThousandths: bigint): string {
  const digits = (tenThousandths < 0n ? -tenThousandths : tenThousandths).toString().padStart(5, '0');
  return `${tenThousandths < 0n ? '-' : ''}${digits.slice(0, -4)}.${digits.slice(-4)}`;
}
