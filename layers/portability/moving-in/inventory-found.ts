import type { Client } from 'pg';
import { inTransaction } from '#platform/postgres/transaction.ts';
import { MigrationError } from '#schema/migration-error.ts';
import { readJournal } from '#schema/migrations/journal.ts';
import { baseline, lastOf } from './steps.ts';

/** How many rows of the old program there are. */
export interface OldRows {
  readonly users: number;
  readonly items: number;
  readonly locations: number;
  readonly movements: number;
}

/** What a database is, seen from the move. */
export type InventoryFound =
  /** No inventory, or one without rows: nothing has to move in. */
  | { readonly kind: 'empty' }
  /** The switch is done. */
  | { readonly kind: 'moved' }
  /** The old program works on it. `applied` are the migrations that it has, by name. */
  | { readonly kind: 'moving'; readonly applied: readonly string[]; readonly rows: OldRows };

/**
 * Finds out whether there is something to move in. Reads only.
 * @throws MigrationError when there is an inventory that nobody has recorded: it would look like an empty one
 */
export async function findInventory(client: Client): Promise<InventoryFound> {
  const applied = (await readJournal(client)).map(({ name }) => name);
  if (applied.includes(lastOf.switch)) return { kind: 'moved' };
  if (applied.length === 0) await refuseUnrecorded(client);
  // Another application that was adopted has no inventory.
  if (applied[0] !== baseline) return { kind: 'empty' };
  const rows = await asOwner(client, () => countRows(client), 'begin read only');
  const isEmpty = Object.values(rows).every((count) => count === 0);
  return isEmpty ? { kind: 'empty' } : { kind: 'moving', applied, rows };
}

async function refuseUnrecorded(client: Client): Promise<void> {
  // By name, not by to_regclass(): that needs the use of the schema.
  const { rows } = await client.query<{ name: string }>(
    `select format('%I.%I', n.nspname, c.relname) as name
     from pg_class c
     join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'inventory' and c.relname in ('users', 'items', 'locations', 'movements')
     order by name`,
  );
  if (rows.length === 0) return;
  throw new MigrationError(
    `this database has ${rows.map(({ name }) => name).join(', ')}, and no journal says which migration made them`,
    `Make a database with "npm run migrate:all -- --target 1", load the rows of this one into it (pg_dump --data-only --schema inventory), and move that one in. Nothing was changed.`,
  );
}

async function countRows(client: Client): Promise<OldRows> {
  const { rows } = await client.query<OldRows>(
    `select
       (select count(*) from inventory.users)::int as users,
       (select count(*) from inventory.items)::int as items,
       (select count(*) from inventory.locations)::int as locations,
       (select count(*) from inventory.movements)::int as movements`,
  );
  if (!rows[0]) throw new Error('the rows of the inventory were not counted');
  return rows[0];
}

/** Runs work in one transaction as the owner of the schema. */
export async function asOwner<T>(
  client: Client,
  work: () => Promise<T>,
  begin: 'begin' | 'begin read only' | 'begin isolation level repeatable read read only' = 'begin',
): Promise<T> {
  return await inTransaction(client, work, { begin: `${begin}; set local role stockade_owner` });
}
