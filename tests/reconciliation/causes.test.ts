import { expect, test } from 'vitest';
import { backfillOrganization } from '#audit/reconciliation/backfill.ts';
import type { ExplainedDifference } from '#audit/reconciliation/causes/explain.ts';
import { previewRun } from '#audit/reconciliation/preview.ts';
import { sealOrganization } from '#audit/seals/seal-organization.ts';
import type { Caller } from '#tests/world.ts';
import { openBooks } from './books.ts';

const books = openBooks();

/** An organization whose history is sealed, and was found right. */
async function provenOrganization(): Promise<Caller> {
  const acme = await books.organization();
  expect(await books.reconcile(acme)).toMatchObject({ clean: true });
  await sealOrganization(books.jobs, acme.id);
  return acme;
}

/** Changes what nobody may change. */
async function unguarded(statement: string, values: readonly unknown[]): Promise<void> {
  const triggers = ['append_only', 'append_only_rows'];
  await books.superuser.query('begin');
  for (const trigger of triggers)
    await books.superuser.query(`alter table inventory.movements disable trigger ${trigger}`);
  await books.superuser.query(statement, [...values]);
  for (const trigger of triggers)
    await books.superuser.query(`alter table inventory.movements enable always trigger ${trigger}`);
  await books.superuser.query('commit');
}

/** The cause of each difference, by SKU. */
async function causesOf(tenant: Caller): Promise<Record<string, ExplainedDifference>> {
  const { differences } = await previewRun(books.jobs, tenant.id, 'full');
  const { rows } = await books.superuser.query<{ id: string; sku: string }>(
    'select id, sku from inventory.items where org_id = $1',
    [tenant.id],
  );
  const skus = new Map(rows.map(({ id, sku }) => [id, sku]));
  return Object.fromEntries(differences.map((each) => [skus.get(each.item), each]));
}

/** Begins a backfill that stops when it has built A and B. */
async function backfillTwo(tenant: Caller): Promise<void> {
  const controller = new AbortController();
  const report = await backfillOrganization(books.jobs, tenant.id, {
    batchKeys: 2,
    throttleMs: 0,
    signal: controller.signal,
    onProgress: () => controller.abort(),
  });
  expect(report).toMatchObject({ keys: 2, finished: false });
}

test('only what an unfinished backfill has not come to is laid to it', async () => {
  const acme = await provenOrganization();
  await books.superuser.query('delete from inventory.balances where org_id = $1', [acme.id]);
  await backfillTwo(acme);
  // It has built A, which is written since; C moves, and begins again with that.
  await books.write(acme, 'A', 'on_hand = 40, version = 1');
  await acme.post('receipt', { sku: 'C', location: 'MAIN', quantity: 5 });
  await acme.location('SHOP');
  await acme.post('receipt', { sku: 'C', location: 'SHOP', quantity: 3 });
  const found = await causesOf(acme);
  expect(Object.keys(found)).toEqual(['A', 'C', 'D']);
  expect(found.A?.cause).toBe('direct_write');
  expect(found.C).toMatchObject({ cause: 'partial_backfill', stored: { onHand: 5, version: 1 } });
  expect(found.D).toMatchObject({ cause: 'partial_backfill', stored: undefined });
  // Not what a balance is that the trigger has begun.
  await books.write(acme, 'C', 'on_hand = on_hand + 1');
  expect((await causesOf(acme)).C?.cause).not.toBe('partial_backfill');
});

test('what was found right since a backfill was begun is not laid to it', async () => {
  const acme = await provenOrganization();
  await backfillTwo(acme);
  const lose = () =>
    books.superuser.query(
      `delete from inventory.balances b using inventory.items i
       where b.org_id = $1 and i.org_id = $1 and i.id = b.item_id and i.sku = 'D'`,
      [acme.id],
    );
  await lose();
  expect((await causesOf(acme)).D?.cause).toBe('partial_backfill');
  await backfillOrganization(books.jobs, acme.id, { batchKeys: 100, throttleMs: 0 });
  await backfillTwo(acme);
  expect(await books.reconcile(acme)).toMatchObject({ found: 0 });
  await lose();
  expect((await causesOf(acme)).D?.cause).toBe('direct_write');
});

test('what moved and was found right since a backfill was begun is not laid to it', async () => {
  const acme = await provenOrganization();
  await backfillTwo(acme);
  await acme.post('receipt', { sku: 'D', location: 'MAIN', quantity: 5 });
  expect(await books.reconcile(acme, { kind: 'daily' })).toMatchObject({ clean: true });
  await sealOrganization(books.jobs, acme.id);
  await books.write(acme, 'D', 'on_hand = 5, version = 1');
  expect((await causesOf(acme)).D?.cause).toBe('direct_write');
});

test('stock that was written where nothing has ever moved is found, though it counts no movement', async () => {
  const acme = await provenOrganization();
  await acme.location('SHOP');
  await books.superuser.query(
    `insert into inventory.balances (org_id, item_id, location_id, lot, on_hand, version)
     select l.org_id, i.id, l.id, '', 5, 0
     from inventory.items i
     join inventory.locations l on l.org_id = i.org_id
     where i.org_id = $1 and i.sku = 'A' and l.code = 'SHOP'`,
    [acme.id],
  );
  expect(await causesOf(acme)).toMatchObject({
    A: {
      cause: 'direct_write',
      stored: { onHand: 5, version: 0 },
      computed: { onHand: 0, reserved: 0, version: 0 },
    },
  });
});

test('a movement that is gone explains the balance that has counted it, and no other', async () => {
  const acme = await provenOrganization();
  await acme.post(
    'receipt',
    { sku: 'A', location: 'MAIN', quantity: 3 },
    { sku: 'C', location: 'MAIN', quantity: 3 },
  );
  await acme.post('receipt', { sku: 'B', location: 'MAIN', quantity: 3 });
  await unguarded(
    `delete from inventory.movements m using inventory.items i
     where m.org_id = $1 and i.org_id = $1 and i.id = m.item_id and i.sku = 'A' and m.quantity = 3`,
    [acme.id],
  );
  await books.write(acme, 'B', 'on_hand = on_hand + 50, version = version + 4');
  const found = await causesOf(acme);
  expect(found.A?.cause).toBe('movement_deleted');
  expect(found.B).toMatchObject({
    cause: 'unknown',
    detail: { incompleteEntries: found.A?.detail.entries },
  });

  // Now either of the two could be the one that has lost the line: what the receipt had, it had added.
  await books.write(acme, 'B', 'on_hand = on_hand - 46, version = version - 3');
  expect(Object.values(await causesOf(acme)).map(({ cause }) => cause)).toEqual(['unknown', 'unknown']);
  await books.write(acme, 'B', 'on_hand = on_hand - 8');
  const signed = await causesOf(acme);
  expect([signed.A?.cause, signed.B?.cause]).toEqual(['movement_deleted', 'unknown']);
});

test('a balance with only its oldest movements names the next one of its own item, location and lot', async () => {
  const acme = await provenOrganization();
  await acme.location('SHOP');
  await acme.item('E', { tracking: 'lot' });
  const post = (more: object) => acme.post('receipt', { sku: 'E', location: 'MAIN', ...more });
  await post({ lot: 'other', quantity: 11 });
  await post({ location: 'SHOP', lot: 'own', quantity: 13 });
  await post({ lot: 'own', quantity: 7 });
  await acme.post('receipt', { sku: 'A', location: 'MAIN', quantity: 17 });
  const { body: lacking } = await post({ lot: 'own', quantity: 5 });
  await books.superuser.query(
    `update inventory.balances set on_hand = 7, version = 1 where org_id = $1 and lot = 'own' and on_hand = 12`,
    [acme.id],
  );
  const { differences } = await previewRun(books.jobs, acme.id, 'full');
  expect(differences).toMatchObject([
    { lot: 'own', detail: { firstDivergent: { movementId: lacking.lines[0].movementId } } },
  ]);
});
