import { expect, test } from 'vitest';
import { checkMoveIn } from '#portability/moving-in/check/check-move-in.ts';
import { ids, openCheckWorld } from './check-world.ts';

const world = openCheckWorld();
const { found } = world;

test('an inventory of rows that fit can move in, and the check changes nothing', async () => {
  const digest = () =>
    world.client.query(
      `select md5(string_agg(t::text, '' order by t::text)) as digest from (
         select i::text from inventory.items i union all select m::text from inventory.movements m
       ) as t (t)`,
    );
  const before = await digest();
  await world.client.query(
    "insert into inventory.items (sku, name) values ('1/2\" ELBOW', 'E'), ('JUICE 50%', 'J'), ('..', 'D')",
  );
  expect(await found()).toEqual([]);
  await world.client.query("delete from inventory.items where sku in ('1/2\" ELBOW', 'JUICE 50%', '..')");
  expect((await digest()).rows).toEqual(before.rows);
});

test('what only just fits is no offence', async () => {
  await world.client.query('begin');
  try {
    await world.client.query(`
      insert into inventory.users (email, name) values ('!#$%+tag@xn--exmple-cua.com', repeat('x', 200)), ('a@b', null);
      insert into inventory.items (sku, name, unit, created_at) values
        (repeat(U&'\\+01F600', 64), repeat('ä', 200), repeat('x', 32), '1900-01-01Z'),
        ('日本 é', 'x', 'x', '9999-12-31 23:59:59Z'),
        ('0197b1f2-6c1e-7a30-9d2f-3a5e0c7b1d4', 'x', 'x', now());
      insert into inventory.locations (code, name, kind) values ('..', 'x', 'other'), ('#', 'x', 'transit');
      insert into inventory.movements (item_id, location_id, quantity, kind, reference, occurred_at, recorded_at)
      select '${ids.nut}', l.id, m.quantity, m.kind, m.reference, '1900-01-01Z', now()
      from inventory.locations l
      cross join (values
        (99999999999.9999, 'receipt', repeat('x', 200)), (-0.0001, 'issue', ''), (-1, 'receipt', null), (1, 'transfer', null)
      ) as m (quantity, kind, reference)
      where l.code = '..';
      create table inventory.shifts (user_id uuid references inventory.users (id));
      create view inventory.stock as select item_id, sum(quantity) as on_hand from inventory.movements group by item_id;
      alter table inventory.items add column shelf text not null default '', add column brand text`);
    expect(await inOpenTransaction(() => found())).toEqual([]);
  } finally {
    await world.client.query('rollback');
  }
});

/** A statement that spoils a row that fits, and what the check says: the rule, the table, the row and the value. */
const spoilt: [rule: string, spoil: string, table: string, id: string, value: string | null][] = [
  ['code-form', `update inventory.items set sku = 'BOLT ' where sku = 'BOLT'`, 'items', ids.bolt, 'BOLT '],
  [
    'code-form',
    `update inventory.items set sku = E'TAB\\t1' where sku = 'BOLT'`,
    'items',
    ids.bolt,
    'TAB\t1',
  ],
  ['code-form', `update inventory.locations set code = U&'M\\200B'`, 'locations', ids.main, 'M\u200b'],
  [
    'code-form',
    `update inventory.items set sku = U&'E\\0301' where sku = 'BOLT'`,
    'items',
    ids.bolt,
    'E\u0301',
  ],
  ['code-form', `update inventory.items set sku = id::text where sku = 'BOLT'`, 'items', ids.bolt, ids.bolt],
  ['name-length', `update inventory.items set name = '' where sku = 'BOLT'`, 'items', ids.bolt, 'name '],
  [
    'name-length',
    `update inventory.items set unit = repeat('x', 33) where sku = 'BOLT'`,
    'items',
    ids.bolt,
    `unit ${'x'.repeat(33)}`,
  ],
  ['name-length', `update inventory.locations set name = ''`, 'locations', ids.main, 'name '],
  [
    'name-length',
    `update inventory.users set name = repeat('x', 201)`,
    'users',
    ids.ada,
    `name ${'x'.repeat(80)}`,
  ],
  ['location-kind', `update inventory.locations set kind = 'shelf'`, 'locations', ids.main, 'shelf'],
  ['email', `update inventory.users set email = 'a|b@example.com'`, 'users', ids.ada, 'a|b@example.com'],
  [
    'email',
    // With the rules of an old database for lower case, a sign that only looks like K is in lower case.
    `alter table inventory.users drop constraint users_email_check; update inventory.users set email = U&'\\212Aate@example.com'`,
    'users',
    ids.ada,
    '\u212aate@example.com',
  ],
  ['email', `update inventory.users set email = 'a b@example.com'`, 'users', ids.ada, 'a b@example.com'],
  ['email', `update inventory.users set email = 'a@b@example.com'`, 'users', ids.ada, 'a@b@example.com'],
  [
    'instant',
    `update inventory.users set created_at = '-infinity'`,
    'users',
    ids.ada,
    'created_at -infinity',
  ],
  [
    'instant',
    `update inventory.items set created_at = 'infinity' where sku = 'BOLT'`,
    'items',
    ids.bolt,
    'created_at infinity',
  ],
  [
    'instant',
    `update inventory.locations set created_at = 'infinity'`,
    'locations',
    ids.main,
    'created_at infinity',
  ],
  [
    'instant',
    `update inventory.movements set occurred_at = '1899-12-31 23:59:59Z'`,
    'movements',
    ids.moved,
    'occurred_at 1899-12-31 23:59:59+00',
  ],
  [
    'instant',
    `update inventory.movements set recorded_at = 'infinity'`,
    'movements',
    ids.moved,
    'recorded_at infinity',
  ],
  [
    'recorded-at',
    `update inventory.movements set recorded_at = '9999-01-01Z'`,
    'movements',
    ids.moved,
    '9999-01-01 00:00:00+00',
  ],
  [
    'movement-id',
    `update inventory.movements set id = 'f0000000-0000-4000-8000-000000000000'`,
    'movements',
    'f0000000-0000-4000-8000-000000000000',
    'f0000000-0000-4000-8000-000000000000',
  ],
  ['quantity', `update inventory.movements set quantity = 'NaN'`, 'movements', ids.moved, 'NaN'],
  ['quantity', `update inventory.movements set quantity = 0`, 'movements', ids.moved, '0.0000'],
  ['kind', `update inventory.movements set kind = 'gift'`, 'movements', ids.moved, 'gift'],
  [
    'reference',
    `update inventory.movements set reference = repeat('x', 201)`,
    'movements',
    ids.moved,
    'x'.repeat(201),
  ],
  ['reference', `update inventory.movements set reference = 'PO-1 '`, 'movements', ids.moved, 'PO-1 '],
  ['reference', `update inventory.movements set reference = U&'\\212A7'`, 'movements', ids.moved, '\u212a7'],
  [
    'balance-digits',
    `insert into inventory.movements (item_id, location_id, quantity, kind)
     select item_id, location_id, 99999999999.9999, 'receipt' from inventory.movements`,
    'movements',
    `${ids.bolt} ${ids.main}`,
    '100000000004.9999',
  ],
  [
    'missing-target',
    `update inventory.movements set item_id = location_id`,
    'movements',
    ids.moved,
    `item_id ${ids.main}`,
  ],
  [
    'missing-target',
    `update inventory.movements set user_id = location_id`,
    'movements',
    ids.moved,
    `user_id ${ids.main}`,
  ],
  [
    'dependent-key',
    `create table inventory.prices (item_id uuid constraint priced references inventory.items (id))`,
    'database',
    'inventory.prices priced',
    'FOREIGN KEY (item_id) REFERENCES inventory.items(id)',
  ],
  [
    'dependent-view',
    `create view inventory.issued as select item_id, kind from inventory.movements`,
    'database',
    'inventory.issued',
    'kind',
  ],
  [
    'unknown-column',
    `alter table inventory.items add column shelf text not null default ''; alter table inventory.items alter column shelf drop default`,
    'database',
    'items shelf',
    'text not null',
  ],
];

test.each(spoilt)('%s: %s', async (rule, spoil, table, id, value) => {
  await world.client.query('begin');
  try {
    // What a constraint of the old inventory would refuse is there when somebody has dropped it.
    await world.client.query(`
      alter table inventory.movements
        drop constraint movements_item_id_fkey, drop constraint movements_user_id_fkey,
        drop constraint movements_quantity_check, drop constraint movements_kind_check, drop constraint movements_reference_check;
      alter table inventory.items drop constraint items_name_check, drop constraint items_unit_check;
      alter table inventory.locations drop constraint locations_name_check, drop constraint locations_kind_check;
      alter table inventory.users drop constraint users_name_check;
      set local timezone to 'UTC'`);
    await world.client.query(spoil);
    // The check has a transaction of its own, so what it reads has to be committed.
    const rows = await inOpenTransaction(() => found());
    expect(rows).toEqual([[rule, table, id, value]]);
  } finally {
    await world.client.query('rollback');
  }
});

test.each([
  ['00:00:00.0004', '01941f29-7c00-7fff-bfff-ffffffffffff', '01941f29-7c01-7000-8000-000000000000'],
  ['00:00:00.0006', '01941f29-7c01-7fff-bfff-ffffffffffff', '01941f29-7c02-7000-8000-000000000000'],
])(
  'at %s, an id of the millisecond to which the clock is rounded is not newer than now',
  async (time, newest, newer) => {
    await world.client.query('begin');
    try {
      await world.client.query(`
        create schema clock;
        create function clock.clock_timestamp() returns timestamptz language sql as $$ select timestamptz '2025-01-01 ${time}Z' $$;
        set local search_path = clock, pg_catalog;
        update inventory.movements set id = '${newest}', recorded_at = '2024-01-01Z'`);
      expect(await inOpenTransaction(() => found())).toEqual([]);
      await world.client.query(`update inventory.movements set id = '${newer}'`);
      expect(await inOpenTransaction(() => found())).toEqual([['movement-id', 'movements', newer, newer]]);
    } finally {
      await world.client.query('rollback');
    }
  },
);

/** Lets a check read the open transaction: its own beginning and end are left out. */
async function inOpenTransaction<T>(work: () => Promise<T>): Promise<T> {
  const query = world.client.query.bind(world.client);
  const skipping = (text: unknown, ...rest: unknown[]) =>
    typeof text === 'string' && /^(begin|rollback)/.test(text)
      ? Promise.resolve({ command: text.toUpperCase(), rows: [] })
      : (query as (...all: unknown[]) => unknown)(text, ...rest);
  world.client.query = skipping as typeof world.client.query;
  try {
    return await work();
  } finally {
    world.client.query = query;
  }
}

test('codes that become alike get no new code, and neither do those whose new code is taken', async () => {
  await world.client.query(
    `insert into inventory.items (sku, name) values ('A ', 'A'), (' A', 'A'), ('BOLT ', 'B'), (E'NEW\\t1', 'N')`,
  );
  const { offences } = await checkMoveIn(world.client);
  expect(Object.fromEntries(offences.map(({ value, becomes }) => [value, becomes]))).toEqual({
    'A ': undefined,
    ' A': undefined,
    'BOLT ': undefined,
    'NEW\t1': 'NEW 1',
  });
});

test('thousands of offences are counted, and the first of each rule are named', async () => {
  await world.client.query(
    `insert into inventory.items (sku, name) select 'X' || n || ' ', 'X' from generate_series(1, 2500) as n`,
  );
  const some = await checkMoveIn(world.client, { mostPerRule: 3 });
  expect([some.counts, some.offences.length]).toEqual([{ 'code-form': 2500 }, 3]);
  const all = await checkMoveIn(world.client, { mostPerRule: Number.POSITIVE_INFINITY });
  expect(all.offences).toHaveLength(2500);
});
