import type { Client } from 'pg';
import { counted } from '#platform/text/plural.ts';
import { MigrationError } from '#schema/migration-error.ts';
import { asOwner, findInventory } from './inventory-found.ts';
import { lastOf } from './steps.ts';

/**
 * Refuses to migrate an inventory that has rows while nobody has decided which organization they belong to. Reads only.
 * @throws MigrationError saying which command decides it
 */
export async function refuseUndecided(client: Client): Promise<void> {
  const found = await findInventory(client);
  if (found.kind !== 'moving') return;
  const { applied, rows } = found;
  if (applied.includes(lastOf.decisions) && (await isDecided(client))) {
    if (!applied.includes(lastOf.columns) || !(await hasUnplaced(client))) return;
    throw new MigrationError(
      'this inventory was empty when its move began, and some of its rows have no organization yet',
      'Give it to them: npm run migrate:org. It continues with the decisions that were made.',
    );
  }
  throw new MigrationError(
    `this database is an inventory with ${counted(rows.items, 'item')} and ${counted(rows.movements, 'movement')}, and nobody has decided which organization they belong to and what its ${counted(rows.users, 'user')} may do`,
    'Decide it: npm run migrate:org -- --slug SLUG --name NAME --everyone viewer (or --roles FILE). Nothing was changed.',
  );
}

async function isDecided(client: Client): Promise<boolean> {
  return await asOwner(
    client,
    async () => {
      const { rows } = await client.query<{ decided: boolean }>(
        'select exists (select from moving_in.default_organization) as decided',
      );
      return rows[0]?.decided ?? false;
    },
    'begin read only',
  );
}

/** Whether items or locations were written while nobody had decided anything. Their movements follow them. */
async function hasUnplaced(client: Client): Promise<boolean> {
  return await asOwner(
    client,
    async () => {
      const { rows } = await client.query<{ unplaced: boolean }>(
        `select exists (select from inventory.items where org_id = '00000000-0000-0000-0000-000000000000')
           or exists (select from inventory.locations where org_id = '00000000-0000-0000-0000-000000000000') as unplaced`,
      );
      return rows[0]?.unplaced ?? false;
    },
    'begin read only',
  );
}
