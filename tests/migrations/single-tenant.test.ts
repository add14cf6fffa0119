import { Client } from 'pg';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { migrate } from '#schema/migrations/migrate.ts';
import { createScratchDatabase, type ScratchDatabase } from '#scripts/migrate/catalog/scratch-database.ts';
import { paths } from '#scripts/paths.ts';

let database: ScratchDatabase;
let client: Client;
const directory = paths.migrations;

/** The inventory of one shop, as it was before there were organizations. */
beforeAll(async () => {
  database = await createScratchDatabase(inject('clusterUrl'));
  await migrate({ connectionString: database.url, directory, target: 1 });
  client = new Client(database.url);
  await client.connect();
});
afterAll(async () => {
  await client?.end();
  await database?.[Symbol.asyncDispose]();
});

const longest = 'r'.repeat(200);
const movement = (values: string) =>
  `insert into inventory.movements (item_id, location_id, quantity, kind, reference, user_id, occurred_at)
   select i.id, l.id, m.quantity, m.kind, m.reference, u.id, m.occurred_at::timestamptz
   from (values ${values}) as m (quantity, kind, reference, email, occurred_at)
   cross join inventory.items i
   cross join inventory.locations l
   left join inventory.users u on u.email = m.email`;

test('what one shop had comes along as the organization main, each movement as an entry of one line', async () => {
  await client.query(`
    insert into inventory.users (email, name) values ('ada@example.com', 'Ada');
    insert into inventory.items (sku, name) values ('BOLT', 'Bolt');
    insert into inventory.locations (code, name) values ('MAIN', 'Main');
    ${movement(`
      (5, 'receipt', '', 'ada@example.com', '2019-01-01Z'),
      (-2.5, 'issue', null, null, '2019-01-02Z'),
      (1, 'adjustment', '${longest}', null, '2019-01-03Z')`)}`);
  for (const wrong of [
    movement(`(0, 'receipt', null, null, '2019-01-01Z')`),
    movement(`(1, 'return', null, null, '2019-01-01Z')`),
    movement(`(1, 'receipt', '${longest}r', null, '2019-01-01Z')`),
  ]) {
    await expect(client.query(wrong)).rejects.toMatchObject({ code: '23514' });
  }
  const before = await client.query('select id, recorded_at from inventory.movements order by occurred_at');

  await migrate({ connectionString: database.url, directory });

  const { rows: members } = await client.query(
    `select o.slug, o.name, o.status, u.email, m.role
     from tenancy.organizations o
     join tenancy.memberships m on m.org_id = o.id
     join tenancy.users u on u.id = m.user_id`,
  );
  expect(members).toEqual([
    { slug: 'main', name: 'Main', status: 'active', email: 'ada@example.com', role: 'admin' },
  ]);
  const { rows: entries } = await client.query(
    `select e.id, e.kind, e.reference, e.recorded_at, e.metadata, e.reverses,
       replace(e.actor, (select 'user:' || id from tenancy.users), 'ada') as actor,
       m.line, m.lot, m.quantity::float8 as quantity, m.occurred_at = e.occurred_at as same_time,
       inventory.iso(e.occurred_at) as occurred_at
     from inventory.entries e
     join inventory.movements m on m.org_id = e.org_id and m.entry_id = e.id
     join tenancy.organizations o on o.id = e.org_id and o.slug = 'main'
     order by e.occurred_at`,
  );
  const entry = (n: number, more: object) => ({
    ...before.rows[n],
    ...{ reference: null, metadata: {}, reverses: null, line: 1, lot: '', actor: 'system', same_time: true },
    ...more,
  });
  expect(entries).toEqual([
    entry(0, { kind: 'receipt', quantity: 5, actor: 'ada', occurred_at: '2019-01-01T00:00:00.000Z' }),
    entry(1, { kind: 'issue', quantity: -2.5, occurred_at: '2019-01-02T00:00:00.000Z' }),
    entry(2, {
      kind: 'adjustment',
      quantity: 1,
      reference: longest,
      occurred_at: '2019-01-03T00:00:00.000Z',
    }),
  ]);
  const { rows: balances } = await client.query(
    `select i.sku, l.code, b.lot, b.on_hand::float8 as on_hand, b.reserved::float8 as reserved, b.version::int as version
     from inventory.balances b
     join inventory.items i on i.org_id = b.org_id and i.id = b.item_id
     join inventory.locations l on l.org_id = b.org_id and l.id = b.location_id`,
  );
  expect(balances).toEqual([{ sku: 'BOLT', code: 'MAIN', lot: '', on_hand: 3.5, reserved: 0, version: 3 }]);
});

test('what is written between the steps comes along: before the wall without an organization, after the backfills too', async () => {
  await using shop = await createScratchDatabase(inject('clusterUrl'));
  const until = (step?: string) =>
    migrate({ connectionString: shop.url, directory, ...(step && { target: step }) });
  await until('000001_baseline');
  const writer = new Client(shop.url);
  await writer.connect();
  try {
    await writer.query(`
      insert into inventory.items (sku, name) values ('BOLT', 'Bolt');
      insert into inventory.locations (code, name) values ('MAIN', 'Main')`);
    await until('000006_organization_keys');
    await writer.query(`
      insert into inventory.users (email) values ('late@example.com');
      insert into inventory.items (sku, name) values ('NUT', 'Nut');
      ${movement(`(5, 'receipt', null, null, '2019-01-01Z')`)}`);
    await until('000013_balances_filled');
    await writer.query(
      `insert into inventory.movements (org_id, item_id, location_id, quantity, kind, occurred_at)
       select i.org_id, i.id, l.id, -2, 'issue', '2019-01-02Z'
       from inventory.items i
       join inventory.locations l on l.org_id = i.org_id
       where i.sku = 'NUT'`,
    );
    await until();
    const { rows } = await writer.query(
      `select i.sku, b.on_hand::float8 as on_hand, b.version::int as version,
         array(
           select e.kind from inventory.movements m
           join inventory.entries e on e.org_id = m.org_id and e.id = m.entry_id
           where m.item_id = i.id order by e.occurred_at
         ) as kinds,
         (select count(*)::int from tenancy.memberships m where m.org_id = o.id) as members
       from tenancy.organizations o
       join inventory.items i on i.org_id = o.id
       join inventory.balances b on b.org_id = i.org_id and b.item_id = i.id
       where o.slug = 'main'
       order by i.sku`,
    );
    expect(rows).toEqual([
      { sku: 'BOLT', on_hand: 5, version: 1, kinds: ['receipt'], members: 1 },
      { sku: 'NUT', on_hand: 3, version: 2, kinds: ['receipt', 'issue'], members: 1 },
    ]);
  } finally {
    await writer.end();
  }
});
