import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { lastOf } from '#portability/moving-in/steps.ts';
import { paths } from '#scripts/paths.ts';
import type { OldProgram } from '#tests/prove/migration/old-program.ts';
import { openMovingWorld } from './moving-world.ts';

const world = openMovingWorld();

/** What the writers have had confirmed: signed quantities by `sku at code`. */
const confirmed = new Map<string, number>();
const add = (sku: string, code: string, quantity: number) => {
  const key = `${sku} at ${code}`;
  confirmed.set(key, (confirmed.get(key) ?? 0) + quantity);
};

/** Writes without a pause until the switch ends it. The two writers transfer against each other. */
async function write(program: OldProgram, number: number): Promise<number> {
  const [from, to] = number % 2 === 0 ? ['MAIN', 'SHOP'] : ['SHOP', 'MAIN'];
  const [first, second] = number % 2 === 0 ? ['BOLT', 'NUT'] : ['NUT', 'BOLT'];
  let rounds = 0;
  try {
    for (;;) {
      for (const sku of [first, second] as string[]) {
        await program.transfer(sku, from as string, to as string, 1, `W-${number}`);
        add(sku, from as string, -1);
        add(sku, to as string, 1);
      }
      const wrong = await program.receive('BOLT', 'MAIN', 3);
      add('BOLT', 'MAIN', 3);
      await program.correct(wrong, 2);
      add('BOLT', 'MAIN', -1);
      if (rounds % 2 === 0) {
        await program.remove(wrong);
        add('BOLT', 'MAIN', -2);
      }
      rounds += 1;
    }
  } catch (error) {
    // The switch has taken the tables from the old program.
    if ((error as { code?: string }).code === '42501') return rounds;
    throw error;
  }
}

/** Runs part two in a process of its own, and kills that in the middle of the backfill. */
async function startAndKill(): Promise<void> {
  const move = JSON.stringify(join(paths.root, 'layers/portability/moving-in/move.ts'));
  const options = { ...world.source, backfillBatch: 200 };
  const program = `import { moveBalances } from ${move}; await moveBalances(${JSON.stringify(options)});`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: 'inherit' });
  const gone = once(child, 'exit');
  for (;;) {
    const { rows } = await world.superuser.query(
      'select exists (select from stockade_migrations.started where number = 14 and rows_filled > 0) as begun',
    );
    if (rows[0].begun) break;
    await delay(5);
  }
  child.kill('SIGKILL');
  expect(await gone).toEqual([null, 'SIGKILL']);
}

test('writers never fail before the switch, the runner may be killed, and no movement is lost or doubled', async () => {
  const { shop, superuser } = world;
  await shop.addUser('ann@example.com');
  for (const sku of ['BOLT', 'NUT']) await shop.addItem(sku);
  for (const code of ['MAIN', 'SHOP']) await shop.addLocation(code);
  await superuser.query(
    `insert into inventory.movements (item_id, location_id, quantity, kind, reference, occurred_at)
     select i.id, l.id, case when l.code = 'MAIN' then -1 else 1 end, 'transfer', 'old', '2019-01-01Z'::timestamptz + n * interval '1 s'
     from generate_series(1, 1000) as n
     cross join inventory.items i
     cross join inventory.locations l
     order by n, i.sku, l.code`,
  );
  for (const sku of ['BOLT', 'NUT']) {
    add(sku, 'MAIN', -1000);
    add(sku, 'SHOP', 1000);
  }
  const writers = await Promise.all(Array.from({ length: 2 }, () => world.login.connect()));
  const written = Promise.all(writers.map(write));
  // Settled below; a writer that fails early must not end the process.
  written.catch(() => {});

  await world.moveOrganizations({ organization: { slug: 'shop', name: 'Shop' }, everyone: 'clerk' });
  await startAndKill();
  const { unpaired } = await world.moveBalances();
  expect(unpaired).toEqual({ count: 0, halves: [] });
  const { applied } = await world.moveRest();
  expect(applied.map(({ name }) => name)).toContain(lastOf.switch);

  expect(Math.min(...(await written))).toBeGreaterThan(0);
  const { rows } = await superuser.query(
    `select i.sku || ' at ' || l.code as key, b.on_hand::float8 as on_hand, m.on_hand::float8 as from_movements
     from inventory.balances b
     join inventory.items i on i.org_id = b.org_id and i.id = b.item_id
     join inventory.locations l on l.org_id = b.org_id and l.id = b.location_id
     cross join lateral (
       select sum(m.quantity) as on_hand
       from inventory.movements m
       where m.org_id = b.org_id and m.item_id = b.item_id and m.location_id = b.location_id
       having count(*) = b.version
     ) as m`,
  );
  expect(Object.fromEntries(rows.map(({ key, on_hand }) => [key, on_hand]))).toEqual(
    Object.fromEntries(confirmed),
  );
  for (const row of rows) expect(row.from_movements).toBe(row.on_hand);
  const { rows: faults } = await superuser.query(
    `select e.id
     from inventory.entries e
     left join inventory.movements m on m.org_id = e.org_id and m.entry_id = e.id
     group by e.org_id, e.id, e.kind
     having count(m.line) <> case e.kind when 'transfer' then 2 else 1 end or e.kind = 'adjustment'`,
  );
  expect(faults).toEqual([]);
});
