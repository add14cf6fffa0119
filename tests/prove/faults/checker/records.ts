import type { Client } from 'pg';
import type { Organization } from '../journal.ts';

/** What the database holds of the organizations of a run. */
export interface Records {
  readonly entries: readonly StoredEntry[];
  readonly movements: readonly StoredMovement[];
  readonly balances: readonly StoredBalance[];
  readonly items: readonly { readonly orgId: string; readonly sku: string }[];
}

export interface StoredEntry {
  readonly orgId: string;
  readonly id: string;
  readonly kind: string;
  readonly reference: string;
}

/** Where stock is: an item at a location. */
interface Place {
  readonly orgId: string;
  readonly sku: string;
  readonly location: string;
}

export interface StoredMovement extends Place {
  readonly entryId: string;
  readonly quantity: number;
}

export interface StoredBalance extends Place {
  readonly onHand: number;
  readonly version: number;
}

export const placeOf = ({ orgId, sku, location }: Place): string => `${orgId} ${sku} at ${location}`;

/** Reads what is stored, as the superuser. A row whose item or location is missing would show as one without a name. */
export async function readRecords(
  superuser: Client,
  organizations: readonly Organization[],
): Promise<Records> {
  const ids = [organizations.map(({ id }) => id)];
  const read = async <Row>(statement: string) => (await superuser.query(statement, ids)).rows as Row[];
  const named = `
    left join inventory.items i on i.org_id = f.org_id and i.id = f.item_id
    left join inventory.locations l on l.org_id = f.org_id and l.id = f.location_id
    where f.org_id = any ($1)`;
  return {
    entries: await read(
      `select org_id as "orgId", id, kind, reference from inventory.entries where org_id = any ($1)`,
    ),
    movements: await read(
      `select f.org_id as "orgId", i.sku, l.code as location, f.entry_id as "entryId", f.quantity::float8
       from inventory.movements f ${named}`,
    ),
    balances: await read(
      `select f.org_id as "orgId", i.sku, l.code as location, f.on_hand::float8 as "onHand", f.version::int
       from inventory.balances f ${named}`,
    ),
    items: await read(`select org_id as "orgId", sku from inventory.items where org_id = any ($1)`),
  };
}
