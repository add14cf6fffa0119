import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lastOf } from '#portability/moving-in/steps.ts';
import { readMigrations } from '#schema/book/migration-files.ts';
import { readIsolationRules } from '#schema/lint/isolation-rules.ts';
import type { MigrationEvent } from '#schema/migrations/migrate.ts';
import { lintDatabase, rulesFolder } from '#scripts/migrate/isolation/lint-database.ts';
import { isolationText } from '#scripts/migrate/isolation/report.ts';
import { paths } from '#scripts/paths.ts';
import { openMovingWorld } from './moving-world.ts';

const world = openMovingWorld();

/** Everything that the old program does, once. It leaves 3 BOLT less at MAIN and 2 more in SHOP. */
async function oneDay(day: number): Promise<void> {
  const { shop } = world;
  await shop.addItem(`NEW-${day}`);
  await shop.copyItem(`NEW-${day}`, 'a better name');
  await shop.renameItem(`NEW-${day}`, `ITEM-${day}`);
  await shop.addLocation(`SHELF-${day}`);
  await shop.renameLocation(`SHELF-${day}`, 'a better name');
  await shop.addUser(`user${day}@example.com`);
  const wrong = await shop.receive(`ITEM-${day}`, `SHELF-${day}`, 5, `user${day}@example.com`);
  await shop.correct(wrong, 7);
  expect(await shop.stock(`ITEM-${day}`, `SHELF-${day}`)).toBe(7);
  expect(await shop.movements(`ITEM-${day}`)).toMatchObject([
    { quantity: 7, kind: 'receipt', email: `user${day}@example.com` },
  ]);
  await shop.remove(wrong);
  await shop.deleteItem(`ITEM-${day}`);
  await shop.deleteLocation(`SHELF-${day}`);
  await shop.deleteUser(`user${day}@example.com`);
  await shop.issue('BOLT', 'MAIN', 1);
  await shop.transfer('BOLT', 'MAIN', 'SHOP', 2, `T-${day}`);
  expect(await shop.report()).toEqual({ 'BOLT at MAIN': 1000 - 3 * day, 'BOLT at SHOP': 2 * day });
  await shop.closeMonth();
}

test('every statement of the old program works after every file of the move, until the switch and not after it', {
  timeout: 180_000,
}, async () => {
  const { shop, superuser } = world;
  await shop.addUser('ada@example.com');
  await shop.addItem('BOLT');
  await shop.addLocation('MAIN');
  await shop.addLocation('SHOP');
  await shop.receive('BOLT', 'MAIN', 1000, 'ada@example.com');
  let days = 0;
  const applied: string[] = [];
  const onProgress = async (event: MigrationEvent) => {
    if (event.kind !== 'applied' || applied.includes(lastOf.switch)) return;
    applied.push(event.name);
    if (event.name === lastOf.switch) return;
    days += 1;
    await oneDay(days).catch((error) => {
      throw new Error(`after ${event.name} the old program fails: ${error.message}`, { cause: error });
    });
  };
  await world.moveOrganizations(
    { organization: { slug: 'shop', name: 'Shop' }, everyone: 'clerk' },
    { onProgress },
  );
  expect(await world.moveBalances({ onProgress })).toMatchObject({ unpaired: { count: 0 } });
  await world.moveRest({ onProgress });

  const names = (await readMigrations(paths.migrations)).map(({ name }) => name);
  expect(applied.filter((name) => /^\d/.test(name))).toEqual(
    names.slice(1, names.indexOf(lastOf.switch) + 1),
  );

  const { rows: balances } = await superuser.query(
    `select l.code, b.on_hand::float8 as on_hand, b.version::int as version
     from inventory.balances b
     join inventory.locations l on l.org_id = b.org_id and l.id = b.location_id
     order by l.code`,
  );
  expect(balances).toEqual([
    { code: 'MAIN', on_hand: 1000 - 3 * days, version: 2 * days + 1 },
    { code: 'SHOP', on_hand: 2 * days, version: days },
  ]);
  const { rows: entries } = await superuser.query(
    'select kind, count(*)::int as count from inventory.entries group by kind order by kind',
  );
  expect(entries).toEqual([
    { kind: 'issue', count: days },
    { kind: 'receipt', count: 1 },
    { kind: 'transfer', count: days },
  ]);

  await expect(shop.addItem('LATE')).rejects.toMatchObject({ code: '42501' });
  await expect(shop.report()).rejects.toMatchObject({ code: '42501' });
  await expect(shop.closeMonth()).rejects.toMatchObject({ code: '42501' });
  const rules = await readIsolationRules(join(paths.root, rulesFolder));
  expect(isolationText(await lintDatabase(world.database.url, rules))).toMatch(/no fault/i);
  expect((await superuser.query(`select to_regnamespace('moving_in') as left`)).rows).toEqual([
    { left: null },
  ]);
});
