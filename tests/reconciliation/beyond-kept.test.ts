import { expect, test } from 'vitest';
import { applyRun } from '#audit/reconciliation/apply.ts';
import { previewRun } from '#audit/reconciliation/preview.ts';
import { sealOrganization } from '#audit/seals/seal-organization.ts';
import { openBooks } from './books.ts';

const books = openBooks();

test('what a run has found and not kept is found by the next one, whichever items are its turn', async () => {
  const acme = await books.world.createOrganization();
  await acme.location('MAIN');
  await acme.item('X', { tracking: 'lot' });
  for (const first of [0, 600]) {
    const lots = Array.from({ length: 600 }, (_, n) => `L${first + n}`);
    await acme.post('receipt', ...lots.map((lot) => ({ sku: 'X', location: 'MAIN', lot, quantity: 100 })));
  }
  expect(await books.reconcile(acme)).toMatchObject({ found: 0, clean: true });
  await sealOrganization(books.jobs, acme.id);
  await books.superuser.query('update inventory.balances set on_hand = on_hand * 2 where org_id = $1', [
    acme.id,
  ]);
  const { runId, ...run } = await books.reconcile(acme);
  expect(run).toMatchObject({ found: 1_200, alerted: 1_000 });
  const applied = await applyRun(books.jobs, acme.id, runId, { dryRun: false });
  expect(applied.map(({ outcome }) => outcome)).toEqual(Array(1_000).fill('applied'));

  // Its turn is as far away as it can be.
  await books.superuser.query(
    `update inventory.reconciliation_state
     set next_bucket = (
       select ((pg_catalog.uuid_hash(id) & 2147483647) % 30 + 1) % 30 from inventory.items where org_id = $1
     )
     where org_id = $1`,
    [acme.id],
  );
  expect(await previewRun(books.jobs, acme.id, 'daily')).toMatchObject({ found: 200 });
  const daily = await books.reconcile(acme, { kind: 'daily' });
  expect(daily).toMatchObject({ found: 200, alerted: 200, clean: false });
  // It has kept all of them, so that the next one knows where they are without looking everywhere.
  await applyRun(books.jobs, acme.id, daily.runId, { dryRun: false });
  const next = await books.reconcile(acme, { kind: 'daily' });
  expect(next).toMatchObject({ found: 0, keysChecked: 1_200, clean: true });
}, 60_000);
