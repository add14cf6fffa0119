import type { Client } from 'pg';
import { asOwner } from './inventory-found.ts';

/** A half of an old transfer whose other half was not found. It is an adjustment. */
export interface UnpairedHalf {
  readonly entryId: string;
  readonly sku: string;
  readonly location: string;
  readonly quantity: string;
  readonly occurredAt: string;
  readonly reference: string | null;
}

export interface Unpaired {
  readonly count: number;
  /** The oldest ones. */
  readonly halves: readonly UnpairedHalf[];
}

/** How many halves are named. */
const MOST = 100;

/** The halves of old transfers that stand alone, before the switch. */
export async function readUnpaired(client: Client): Promise<Unpaired> {
  return await asOwner(
    client,
    async () => {
      const { rows } = await client.query<UnpairedHalf & { count: number }>(
        `select count(*) over ()::int as count, e.id as "entryId", i.sku, l.code as location, m.quantity::text,
           inventory.iso(e.occurred_at) as "occurredAt", e.reference
         from inventory.entries e
         join inventory.movements m on m.org_id = e.org_id and m.entry_id = e.id
         join inventory.items i on i.id = m.item_id
         join inventory.locations l on l.id = m.location_id
         where e.metadata -> 'movedIn' ->> 'kind' = 'transfer'
         order by e.occurred_at, e.id
         limit $1`,
        [MOST],
      );
      return { count: rows[0]?.count ?? 0, halves: rows.map(({ count: _, ...half }) => half) };
    },
    'begin read only',
  );
}
