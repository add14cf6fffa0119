import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { backfillOrganization } from '#ledger/reconcile/backfill.ts';
import { paths } from '#scripts/paths.ts';
import { run } from '#tests/commands/run.ts';
import type { Caller } from '#tests/world.ts';
import { openBooks } from './books.ts';

const books = openBooks();

/** An organization with many balances: items that may go below zero, at two places. */
async function manyBalances(items: number): Promise<Caller> {
  const tenant = await books.world.createOrganization();
  await tenant.location('MAIN');
  await tenant.location('SHOP');
  for (let n = 0; n < items; n += 1) await tenant.item(`I${n}`, { allowNegative: true });
  for (let round = 0; round < 4; round += 1) {
    const lines = Array.from({ length: items }, (_, n) => ({
      sku: `I${n}`,
      location: n % 2 ? 'MAIN' : 'SHOP',
      quantity: n + round + 1,
    }));
    await tenant.post('receipt', ...lines);
  }
  return tenant;
}

/** Balances that are not what their movements say, counted in another way than reconciliation does. */
async function wrong(tenant: Caller): Promise<number> {
  const { rows } = await books.superuser.query(
    `select count(*)::int as n
     from (
       select item_id, location_id, lot, sum(quantity) as on_hand, count(*) as version
       from inventory.movements where org_id = $1 group by 1, 2, 3
     ) h
     full join (select * from inventory.balances where org_id = $1) b using (item_id, location_id, lot)
     where (h.on_hand, h.version) is distinct from (b.on_hand, b.version)`,
    [tenant.id],
  );
  return rows[0].n;
}

const dropBalances = (tenant: Caller) =>
  books.superuser.query('delete from inventory.balances where org_id = $1', [tenant.id]);

test('movements that were there before the balances: one pass builds every balance', async () => {
  const acme = await manyBalances(25);
  await dropBalances(acme);
  const seen: number[] = [];
  const report = await backfillOrganization(books.jobs, acme.id, {
    batchKeys: 4,
    throttleMs: 0,
    onProgress: ({ movements, totalMovements }) => {
      seen.push(movements / totalMovements);
    },
  });
  expect(report).toEqual({
    resumed: false,
    keys: 25,
    movements: 100,
    changed: 25,
    finished: true,
    differing: 0,
  });
  expect(seen).toEqual([0.16, 0.32, 0.48, 0.64, 0.8, 0.96, 1]);
  expect(await wrong(acme)).toBe(0);
});

test('balances of nothing are emptied, and right ones are left alone', async () => {
  const acme = await manyBalances(6);
  await books.superuser.query(
    `insert into inventory.balances (org_id, item_id, location_id, lot, on_hand, reserved, version)
     select org_id, item_id, location_id, 'ghost', 7, 0, 1 from inventory.balances where org_id = $1 limit 1`,
    [acme.id],
  );
  const report = await backfillOrganization(books.jobs, acme.id, { batchKeys: 100, throttleMs: 0 });
  expect(report).toMatchObject({ keys: 7, changed: 1, finished: true });
});

test('while movements are posted to the same balances, and every one is right in the end', async () => {
  const acme = await manyBalances(30);
  await dropBalances(acme);
  let isOver = false;
  const writers = Array.from({ length: 4 }, async (_, writer) => {
    let posted = 0;
    for (let turn = 0; !isOver; turn += 1) {
      // In opposed order, so that whoever locks in another one deadlocks.
      const items = Array.from({ length: 10 }, (_, n) => (n * 3 + turn) % 30);
      const lines = (writer % 2 ? items : items.toReversed()).map((n) => ({
        sku: `I${n}`,
        location: n % 2 ? 'MAIN' : 'SHOP',
        quantity: turn % 2 ? 1 : -1,
      }));
      const { status } = await acme.request('POST', '/v1/movements', { kind: 'adjustment', lines });
      expect(status).toBe(201);
      posted += 1;
    }
    return posted;
  });
  const report = await backfillOrganization(books.jobs, acme.id, { batchKeys: 3, throttleMs: 20 }).finally(
    () => {
      isOver = true;
    },
  );
  const posted = (await Promise.all(writers)).reduce((sum, each) => sum + each, 0);
  expect(posted).toBeGreaterThan(4);
  expect(report).toMatchObject({ keys: 30, finished: true, differing: 0 });
  expect(await wrong(acme)).toBe(0);
});

test('stopped and started again it goes on behind the last batch', async () => {
  const acme = await manyBalances(12);
  await dropBalances(acme);
  const controller = new AbortController();
  const first = await backfillOrganization(books.jobs, acme.id, {
    batchKeys: 5,
    throttleMs: 0,
    signal: controller.signal,
    onProgress: () => controller.abort(),
  });
  expect(first).toMatchObject({ keys: 5, finished: false });
  const second = await backfillOrganization(books.jobs, acme.id, { batchKeys: 5, throttleMs: 0 });
  expect(second).toMatchObject({ resumed: true, keys: 12, finished: true });
  expect(await wrong(acme)).toBe(0);
});

test('killed in the middle, the same command goes on and ends with every balance right', async () => {
  const acme = await manyBalances(40);
  await dropBalances(acme);
  const child = spawn(
    process.execPath,
    [
      join(paths.root, 'scripts/backfill-balances.ts'),
      '--org',
      acme.slug,
      '--batch',
      '2',
      '--throttle',
      '50ms',
    ],
    { env: { ...process.env, DATABASE_URL: books.world.adminUrl }, stdio: 'ignore' },
  );
  const gone = once(child, 'exit');
  const built = async () =>
    (await books.superuser.query('select from inventory.balances where org_id = $1', [acme.id])).rowCount ??
    0;
  await expect.poll(built, { timeout: 15_000, interval: 20 }).toBeGreaterThan(4);
  child.kill('SIGKILL');
  expect((await gone)[1]).toBe('SIGKILL');
  expect(await built()).toBeLessThan(40);

  const outcome = await run('backfill-balances.ts', ['--org', acme.slug, '--json'], {
    DATABASE_URL: books.world.adminUrl,
  });
  expect(JSON.parse(outcome.stdout)).toMatchObject({ resumed: true, keys: 40, finished: true, differing: 0 });
  expect(outcome.exitCode).toBe(0);
  expect(await wrong(acme)).toBe(0);
});

test('a batch that waits for a posting does not hold the balances behind that one', async () => {
  const acme = await manyBalances(8);
  await dropBalances(acme);
  const poster = await books.world.superuser();
  await poster.query('begin');
  await poster.query('select tenancy.enter_as_job($1)', [acme.id]);
  await poster.query('select inventory.post_entry($1)', [
    { kind: 'receipt', lines: [{ sku: 'I0', location: 'SHOP', quantity: 1 }] },
  ]);
  const backfill = backfillOrganization(books.jobs, acme.id, { batchKeys: 100, throttleMs: 0 });
  const waiting = async () =>
    (
      await books.superuser.query(
        `select from pg_stat_activity
         where datname = current_database() and query like '%backfill_balances%' and wait_event = 'transactionid'`,
      )
    ).rowCount;
  await expect.poll(waiting, { timeout: 15_000, interval: 20 }).toBe(1);
  const free = await acme.request('POST', '/v1/movements', {
    kind: 'receipt',
    lines: [{ sku: 'I7', location: 'MAIN', quantity: 1 }],
  });
  expect(free.status).toBe(201);
  await poster.query('commit');
  expect(await backfill).toMatchObject({ finished: true });
  expect(await wrong(acme)).toBe(0);
}, 30_000);
