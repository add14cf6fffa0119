import type { Client } from 'pg';
import { MigrationError } from '#schema/migration-error.ts';

/** How many keys and movements a refusal names. */
const MOST = 10;

/**
 * Compares balances and entries with the movements of the old program, and with what is still to be caught up with, in one
 * snapshot: the caller's transaction must be repeatable read.
 * @throws MigrationError naming the keys and movements that differ
 */
export async function refuseUnequal(client: Client): Promise<void> {
  const balances = await client.query<{ text: string }>(
    `select format(
       'item %s at location %s: stored %s after %s movements, from movements %s after %s',
       item_id, location_id, coalesce(stored_on_hand::text, 'none'), coalesce(stored_version, 0),
       coalesce(expected_on_hand::text, 'none'), coalesce(expected_version, 0)
     ) as text
     from moving_in.unequal_balances($1)`,
    [MOST],
  );
  refuse('balances are not what the movements add up to', balances.rows);
  const entries = await client.query<{ text: string }>(
    `select format('movement %s, entry %s: %s', coalesce(movement_id::text, 'none'), entry_id, fault) as text
     from moving_in.unequal_entries($1)`,
    [MOST],
  );
  refuse('movements and entries do not belong together', entries.rows);
}

function refuse(fault: string, rows: readonly { readonly text: string }[]): void {
  if (rows.length === 0) return;
  throw new MigrationError(
    `${fault} (at most ${MOST} are named):\n  ${rows.map(({ text }) => text).join('\n  ')}`,
    'Something besides the move has written to them, or a trigger of the move was missing for a time. The old program goes on working. Nothing was switched.',
  );
}
