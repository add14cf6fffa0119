import type { ClientBase } from 'pg';
import { expect, test } from 'vitest';
import { backfillOrganization } from '#audit/reconciliation/backfill.ts';
import { expectWaiting, killWhen, untilGone } from '#tests/commands/kill.ts';
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

/** Something else writes to every balance. */
const oneMore = (tenant: Caller) =>
  books.superuser.query('update inventory.balances set on_hand = on_hand + 1 where org_id = $1', [tenant.id]);

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
    refused: [],
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
      // In opposed order, so that a writer with another lock order deadlocks.
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

test('stopped and started again, it continues after the last batch', async () => {
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
  const acme = await manyBalances(12);
  await dropBalances(acme);
  // The fourth batch of two waits for a posting to the seventh item.
  const poster = await books.world.superuser();
  await poster.query('begin');
  await poster.query('select tenancy.enter_as_job($1)', [acme.id]);
  await poster.query('select inventory.post_entry($1)', [
    { kind: 'receipt', lines: [{ sku: 'I6', location: 'SHOP', quantity: 1 }] },
  ]);
  await killWhen(
    {
      script: 'ledger/backfill-balances.ts',
      args: ['--org', acme.slug, '--batch', '2', '--throttle', '0ms'],
      adminUrl: books.world.adminUrl,
    },
    () => expectWaiting(books.superuser, 'backfill_balances'),
  );
  const { rows } = await books.superuser.query(
    `select i.sku from inventory.balances b join inventory.items i on i.org_id = b.org_id and i.id = b.item_id
     where b.org_id = $1 order by i.sku`,
    [acme.id],
  );
  expect(rows.map(({ sku }) => sku)).toEqual(['I0', 'I1', 'I2', 'I3', 'I4', 'I5']);
  await poster.query('rollback');
  await untilGone(books.superuser);

  const outcome = await run('ledger/backfill-balances.ts', ['--org', acme.slug, '--json'], {
    DATABASE_URL: books.world.adminUrl,
  });
  expect(JSON.parse(outcome.stdout)).toMatchObject({ resumed: true, keys: 12, finished: true, differing: 0 });
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

/** A connection of the job's on which something happens just before the n-th statement of a kind, or before every one. */
function before(kind: string, n: number | undefined, happens: () => Promise<unknown>): ClientBase {
  let met = 0;
  const query = async (...args: [string | { text: string }, unknown[]?]) => {
    const text = typeof args[0] === 'string' ? args[0] : args[0].text;
    if (text.includes(kind) && (++met === n || n === undefined)) await happens();
    return await books.jobs.query(...(args as [string, unknown[]?]));
  };
  return { query } as unknown as ClientBase;
}

test('two at once: one that finds the other has finished compares, and is finished too', async () => {
  const acme = await manyBalances(10);
  await dropBalances(acme);
  const other = await books.world.connect('stockade_jobs');
  const slow = before('backfill_balances', 2, async () => {
    const whole = await backfillOrganization(other, acme.id, { batchKeys: 100, throttleMs: 0 });
    expect(whole).toMatchObject({ resumed: true, finished: true });
  });
  const report = await backfillOrganization(slow, acme.id, { batchKeys: 3, throttleMs: 0 });
  expect(report).toMatchObject({ finished: true, differing: 0 });
  expect(await wrong(acme)).toBe(0);
});

test('a run that finds that the other has ended, and a balance that is wrong since then, starts over', async () => {
  const acme = await manyBalances(4);
  await dropBalances(acme);
  const other = await books.world.connect('stockade_jobs');
  const slow = before('backfill_balances', 2, async () => {
    await backfillOrganization(other, acme.id, { batchKeys: 100, throttleMs: 0 });
    await oneMore(acme);
  });
  const report = await backfillOrganization(slow, acme.id, { batchKeys: 3, throttleMs: 0 });
  expect(report).toMatchObject({ finished: true, differing: 0 });
  expect(await wrong(acme)).toBe(0);
});

test('it is not finished before a comparison has found every balance equal to its history', async () => {
  const acme = await manyBalances(6);
  await dropBalances(acme);
  // What was built is wrong again before it is compared; once, and whenever it is.
  const once = before('begin isolation level repeatable read', 1, () => oneMore(acme));
  const report = await backfillOrganization(once, acme.id, { batchKeys: 4, throttleMs: 0 });
  expect(report).toMatchObject({ finished: true, differing: 0 });
  expect(await wrong(acme)).toBe(0);

  const always = before('begin isolation level repeatable read', undefined, () => oneMore(acme));
  expect(await backfillOrganization(always, acme.id, { batchKeys: 4, throttleMs: 0 })).toMatchObject({
    finished: false,
    differing: 6,
  });
  // So the next one goes on, and does not take it for done.
  expect(await backfillOrganization(books.jobs, acme.id, { batchKeys: 4, throttleMs: 0 })).toMatchObject({
    resumed: true,
    finished: true,
  });
  expect(await wrong(acme)).toBe(0);
});

/** An organization with A to C, of which B has come to more than a balance can hold, and no balances. */
async function overflowing(): Promise<Caller> {
  const tenant = await books.world.createOrganization();
  await tenant.location('MAIN');
  for (const sku of ['A', 'B', 'C']) {
    await tenant.item(sku);
    await tenant.post('receipt', { sku, location: 'MAIN', quantity: 99_999_999_999 });
  }
  await books.superuser.query(
    `insert into inventory.movements (org_id, entry_id, line, item_id, location_id, lot, quantity, occurred_at, recorded_at)
     select m.org_id, m.entry_id, 2, m.item_id, m.location_id, m.lot, m.quantity, m.occurred_at, m.recorded_at
     from inventory.movements m join inventory.items i on i.org_id = m.org_id and i.id = m.item_id
     where m.org_id = $1 and i.sku = 'B'`,
    [tenant.id],
  );
  return tenant;
}

test('a balance that cannot hold its movements is named and keeps no other from being built', async () => {
  await books.superuser.query('alter table inventory.movements disable trigger apply_movements');
  const acme = await overflowing().finally(() =>
    books.superuser.query('alter table inventory.movements enable always trigger apply_movements'),
  );
  const next = await manyBalances(3);
  await dropBalances(next);
  const env = { DATABASE_URL: books.world.adminUrl };
  for (const [attempt, batch] of ['100', '1'].entries()) {
    const alone = await run(
      'ledger/backfill-balances.ts',
      ['--org', acme.slug, '--batch', batch, '--json'],
      env,
    );
    expect([alone.exitCode, alone.stderr]).toEqual([1, '']);
    expect(JSON.parse(alone.stdout)).toMatchObject({
      keys: 3,
      finished: false,
      differing: 1,
      resumed: attempt > 0,
      refused: [{ sku: 'B', location: 'MAIN', because: expect.stringContaining('fifteen digits') }],
    });
  }
  const all = await run('ledger/backfill-balances.ts', [], env);
  expect(all.exitCode).toBe(1);
  expect(all.stdout).toMatch(new RegExp(`${acme.slug}: 3 balances .* 1 could not be built`));
  expect(all.stdout).toContain('not built: B at MAIN: its movements add up to more than');
  expect(all.stdout).toMatch(new RegExp(`${next.slug}: 3 balances .* all balances equal their movements`));
  expect(await wrong(next)).toBe(0);
  expect(await wrong(acme)).toBe(1);

  await dropBalances(acme);
  const { runId } = await books.reconcile(acme);
  const applied = await run('ledger/reconcile-balances.ts', ['--org', acme.slug, '--apply', runId], env);
  expect([applied.exitCode, applied.stderr]).toEqual([1, '']);
  expect(applied.stdout).toMatch(/refused, its movements add up to more than .*: B at MAIN/);
  expect(applied.stdout).toContain('applied: C at MAIN');
  expect(await wrong(acme)).toBe(1);
}, 60_000);

test('what one organization fails with keeps no other from being built', async () => {
  const [bad, good] = [await manyBalances(2), await manyBalances(2)];
  await dropBalances(good);
  await books.superuser.query(`
    create function public.fail() returns trigger language plpgsql as $$
    begin raise exception 'the disk of this organization is on fire'; end $$;
    create trigger fail before insert or update on inventory.balance_backfills for each row
      when (new.org_id = '${bad.id}') execute function public.fail()`);
  try {
    const { exitCode, stdout } = await run('ledger/backfill-balances.ts', [], {
      DATABASE_URL: books.world.adminUrl,
    });
    expect([exitCode, stdout]).toEqual([1, expect.stringContaining(`${bad.slug}: failed, the disk`)]);
    expect(await wrong(good)).toBe(0);
  } finally {
    await books.superuser.query(
      'drop trigger fail on inventory.balance_backfills; drop function public.fail()',
    );
  }
}, 30_000);
