import { expect, test } from 'vitest';
import { statementsText } from '#scripts/migrate/plan/plan-text.ts';
import { type PlannedFile, planStatements } from '#scripts/migrate/plan/statement-plan.ts';
import { openRunnerWorld } from './runner-world.ts';

const world = openRunnerWorld();

test('the plan of a dry run has the lock, the size, the work and the time of each statement in this very database', async () => {
  await world.put({
    '000001_shop': `create schema shop;
      create table shop.items (id bigint primary key, size varchar(10) not null);
      insert into shop.items select i, 'm' from generate_series(1, 20000) i;`,
  });
  await world.run();
  await world.client.query('analyze shop.items');
  await world.put({
    '000002_wide': `alter table shop.items alter column size type text;
      alter table shop.items add constraint short check (length(size) < 5);`,
    '000003_index': '--! concurrently\ncreate index concurrently items_size on shop.items (size);',
    '000004_moved': `--! contract\nalter table shop.items rename to products;
      alter table shop.products alter column id type text;`,
  });
  const plan: PlannedFile[] = [];
  await world.run({
    dryRun: true,
    onPlan: async (steps, client) => {
      plan.push(...(await planStatements(steps, client)));
    },
  });
  const brief = plan.map(({ name, way, isContract, statements }) => [
    name,
    way,
    isContract,
    ...statements.flatMap(({ effects }) =>
      effects.map(({ table, lock, work }) => `${table} ${lock} ${work}`),
    ),
  ]);
  expect(brief).toEqual([
    [
      '000002_wide',
      'transaction',
      false,
      'shop.items ACCESS EXCLUSIVE none',
      'shop.items ACCESS EXCLUSIVE scan',
    ],
    ['000003_index', 'concurrently', false, 'shop.items SHARE UPDATE EXCLUSIVE scan'],
    [
      '000004_moved',
      'transaction',
      true,
      'shop.items ACCESS EXCLUSIVE none',
      'shop.products ACCESS EXCLUSIVE rewrite',
    ],
  ]);
  const effects = plan.flatMap(({ statements }) => statements.flatMap((statement) => statement.effects));
  expect(effects.map(({ size }) => size?.rows)).toEqual([20000, 20000, 20000, 20000, 20000]);
  const times = effects.map(({ expectedMs }) => expectedMs ?? 0);
  expect(times[0]).toBe(5);
  expect(times[4]).toBeGreaterThan(times[1] ?? 0);
  const text = statementsText(plan, { lockTimeoutMs: 200, lockAttempts: 60 });
  expect(text).toContain('000003_index  (concurrently, statement by statement outside a transaction)');
  expect(text).toMatch(
    /shop\.items \(.* kB, about 20000 rows\): ACCESS EXCLUSIVE; reads every row: the check short is verified; about \d+ ms/,
  );
  expect(text).toContain('60 times at most');
  expect(text).not.toContain('without a lock that anybody notices');
  expect(await world.exists('shop.products')).toBe(false);
});

test('a statement without a lock that anybody notices is counted, and one that nobody can foresee is shown', () => {
  const statements = [
    { line: 1, statement: 'create table shop.made ()', effects: [], opaque: undefined },
    {
      line: 2,
      statement: 'select shop.fill()',
      effects: [],
      opaque: 'it calls fill(), which may do anything',
    },
  ];
  const plan = [{ name: '000005_filled', way: 'transaction', isContract: false, statements }] as const;
  const [name, ...lines] = statementsText(plan, { lockTimeoutMs: 200, lockAttempts: 60 }).split('\n');
  expect(name).toBe('  000005_filled  (one transaction)');
  expect(lines.slice(0, 3)).toEqual([
    '    line 2: select shop.fill()',
    '      known only when it runs: it calls fill(), which may do anything',
    '    1 other statement without a lock that anybody notices',
  ]);
});
