import type { Client } from 'pg';
import type { Migration } from '#schema/book/migration-files.ts';
import { interruptAutovacuum } from '#schema/migrations/autovacuum.ts';
import { catchUp } from './catch-up.ts';
import { refuseOffendingRows } from './check-rows.ts';
import { refuseUnequal } from './equality.ts';
import { asOwner } from './inventory-found.ts';
import { refuseUncovered } from './offences.ts';
import { lastOf } from './steps.ts';
import { refuseUndecided } from './undecided.ts';

/**
 * What must hold before the switch: no rule refuses a row, everything is caught up with, every row is covered by the decisions, and balances and
 * entries are equal to the movements. It belongs into `beforeContract` of a migration run.
 * @throws MigrationError naming what differs; the old program goes on working
 */
export async function allowSwitch(
  file: Pick<Migration, 'name'>,
  client: Client,
  { dryRun }: { readonly dryRun: boolean },
): Promise<void> {
  // A dry run may not catch up, and it may be far from the switch.
  if (file.name !== lastOf.switch || dryRun) return;
  await refuseOffendingRows(client);
  await refuseDifferences(client);
  // It has much to do after the backfills, and the requests would be held until it ends.
  await interruptAutovacuum(client);
}

/** Catches up, then compares. @throws MigrationError naming what differs */
export async function refuseDifferences(client: Client, signal?: AbortSignal): Promise<void> {
  await refuseUndecided(client);
  await catchUp(client, { signal });
  await refuseUncovered(client);
  await asOwner(client, () => refuseUnequal(client), 'begin isolation level repeatable read read only');
}
