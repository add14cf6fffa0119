import { beforeEach, expect, test } from 'vitest';
import { previewRun } from '#audit/reconciliation/preview.ts';
import { sealOrganization } from '#audit/seals/seal-organization.ts';
import type { Caller } from '#tests/world.ts';
import { openBooks } from './books.ts';

/** A balance that has not moved since the last seal, and whose item is in the bucket of another day. */

const books = openBooks();
let acme: Caller;

/** Four balances that are compared and sealed; then A moves, and the items of the day are none of them. */
beforeEach(async () => {
  acme = await books.organization();
  await books.reconcile(acme);
  await sealOrganization(books.jobs, acme.id);
  await acme.post('receipt', { sku: 'A', location: 'MAIN', quantity: 1 });
  await books.superuser.query(
    `update inventory.reconciliation_state s set next_bucket = (
       select min(n) from generate_series(0, 29) n where n not in (
         select (pg_catalog.uuid_hash(i.id) & 2147483647) % 30 from inventory.items i where i.org_id = s.org_id
       )
     ) where org_id = $1`,
    [acme.id],
  );
});

const ofItem = (sku: string) =>
  `org_id = '${acme.id}' and item_id = (select id from inventory.items where org_id = '${acme.id}' and sku = '${sku}')`;
const invented = `insert into inventory.balances (org_id, item_id, location_id, lot, on_hand, version)
  select org_id, item_id, location_id, 'invented', 5, `;

test.each([
  ['written', () => `update inventory.balances set on_hand = on_hand + 1 where ${ofItem('B')}`, 'corrected'],
  [
    'given a version',
    () => `update inventory.balances set version = version + 1 where ${ofItem('B')}`,
    'corrected',
  ],
  ['reserved', () => `update inventory.balances set reserved = 3 where ${ofItem('B')}`, 'corrected'],
  ['doubled', () => `update inventory.balances set on_hand = on_hand * 2 where ${ofItem('B')}`, 'alerted'],
  ['removed', () => `delete from inventory.balances where ${ofItem('B')}`, 'alerted'],
  ['invented', () => `${invented} 1 from inventory.balances where ${ofItem('B')}`, 'alerted'],
])('a quiet balance that was %s is found by the next daily run', async (_what, statement, action) => {
  expect(await previewRun(books.jobs, acme.id, 'daily')).toMatchObject({ found: 0, keysChecked: 4 });
  await books.superuser.query(statement());
  expect(await previewRun(books.jobs, acme.id, 'daily')).toMatchObject({ found: 1 });
  const run = await books.reconcile(acme, { kind: 'daily' });
  expect(run).toMatchObject({ found: 1, discrepancies: [{ cause: 'direct_write', action }] });
});

test('a balance that was removed is found although another one counts its movements', async () => {
  await books.superuser.query(`
    ${invented} (select version from inventory.balances where ${ofItem('B')}) from inventory.balances where ${ofItem('C')};
    delete from inventory.balances where ${ofItem('B')}`);
  expect(await previewRun(books.jobs, acme.id, 'daily')).toMatchObject({ found: 2 });
  expect(await books.reconcile(acme, { kind: 'daily' })).toMatchObject({ found: 2, alerted: 2 });
});

test('balances are compared in ranges, and each counts once', async () => {
  await sealOrganization(books.jobs, acme.id);
  await acme.post('receipt', { sku: 'C', location: 'MAIN', quantity: 1 });
  await books.superuser.query(
    `with run as (
       insert into inventory.reconciliation_runs (org_id, kind, bucket)
       select org_id, 'daily', next_bucket from inventory.reconciliation_state where org_id = $1
       returning id
     )
     update inventory.reconciliation_state
     set run_id = run.id, checkpoint = '{"step": "balances", "afterItem": null, "movementsPerStep": 50}'
     from run where org_id = $1`,
    [acme.id],
  );
  await books.write(acme, 'A', 'on_hand = on_hand + 1');
  await books.superuser.query(`delete from inventory.balances where ${ofItem('D')}`);
  expect(await books.reconcile(acme, { kind: 'daily' })).toMatchObject({
    ...{ finished: true, keysChecked: 4, movementsRead: 1 },
    ...{ found: 2, corrected: 1, alerted: 1 },
  });
});
