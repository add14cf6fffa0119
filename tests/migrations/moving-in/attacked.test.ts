import { Client } from 'pg';
import { expect, inject, test } from 'vitest';
import { allowSwitch } from '#portability/moving-in/before-switch.ts';
import { decide } from '#portability/moving-in/decide.ts';
import { findInventory } from '#portability/moving-in/inventory-found.ts';
import { withClient } from '#schema/migrations/migrate.ts';
import { createScratchDatabase } from '#scripts/migrate/catalog/scratch-database.ts';
import { openMovingWorld } from './moving-world.ts';

const world = openMovingWorld();

const email = 'ann@example.com';
const roles = [
  { email, organization: 'one', role: 'clerk' },
  { email, organization: 'two', role: 'clerk' },
] as const;
const assignments = [
  { table: 'items', column: 'shop', value: '1', organization: 'one' },
  { table: 'items', column: 'shop', value: '2', organization: 'two' },
  { table: 'locations', column: 'shop', value: '1', organization: 'one' },
  { table: 'locations', column: 'shop', value: '2', organization: 'two' },
] as const;
const decisions = { organization: { slug: 'one', name: 'One' }, roles, assignments };

const movement = (sku: string, code: string, columns = '', values = '') =>
  `insert into inventory.movements (item_id, location_id, quantity, kind ${columns})
   select i.id, l.id, 5, 'receipt' ${values} from inventory.items i, inventory.locations l
   where i.sku = '${sku}' and l.code = '${code}'`;

test('an inventory that nobody has recorded is named, and not taken for an empty one', async () => {
  await using database = await createScratchDatabase(inject('clusterUrl'));
  const client = new Client(database.url);
  await client.connect();
  try {
    await client.query('create schema inventory; create table inventory.items (id uuid)');
    await expect(findInventory(client)).rejects.toThrow(
      'this database has inventory.items, and no journal says which migration made them',
    );
  } finally {
    await client.end();
  }
});

test('rows written into an inventory that was empty when its move began get the organization that is decided', async () => {
  await world.moveRest({ target: 9 });
  await world.superuser.query(`
    alter table inventory.items add column shop text not null default '1';
    alter table inventory.locations add column shop text not null default '1';
    insert into inventory.users (email) values ('${email}');
    insert into inventory.items (sku, name, shop) values ('1-TEA', 'Tea', '1'), ('2-TEA', 'Tea', '2');
    insert into inventory.locations (code, name, shop) values ('1-MAIN', 'Main', '1'), ('2-MAIN', 'Main', '2');
    ${movement('1-TEA', '1-MAIN')};
    ${movement('2-TEA', '2-MAIN')}`);
  await withClient(world.source, (client) => decide(client, decisions));
  await expect(world.moveBalances()).rejects.toThrow('some of its rows have no organization yet');
  await world.moveOrganizations({});
  await world.moveBalances();
  const { rows } = await world.superuser.query(
    `select o.slug, i.sku, b.on_hand::float8 as "onHand"
     from inventory.balances b
     join inventory.items i on i.org_id = b.org_id and i.id = b.item_id
     join tenancy.organizations o on o.id = i.org_id
     order by slug`,
  );
  expect(rows).toEqual([
    { slug: 'one', sku: '1-TEA', onHand: 5 },
    { slug: 'two', sku: '2-TEA', onHand: 5 },
  ]);
});

test('a movement that nobody has caught up with goes with its item to another organization', async () => {
  await world.superuser.query(`
    insert into inventory.items (sku, name, shop) values ('GOES', 'Goes', '1');
    ${movement('GOES', '2-MAIN')};
    update inventory.items set shop = '2' where sku = 'GOES'`);
  await world.moveBalances();
  const { rows } = await world.superuser.query(
    `select o.slug, b.on_hand::float8 as "onHand",
       (select count(*)::int from inventory.entries e join inventory.movements m on m.org_id = e.org_id and m.entry_id = e.id
        where m.org_id = o.id and m.item_id = i.id) as entries
     from inventory.items i
     join tenancy.organizations o on o.id = i.org_id
     left join inventory.balances b on b.org_id = i.org_id and b.item_id = i.id
     where i.sku = 'GOES'`,
  );
  expect(rows).toEqual([{ slug: 'two', onHand: 5, entries: 1 }]);
});

test('a role for everyone does not outlive the one organization, and no role is given to nobody', async () => {
  await expect(world.moveOrganizations({ everyone: 'clerk' })).rejects.toThrow('everyone cannot have a role');
  await expect(
    world.moveOrganizations({ roles: [...roles, { ...roles[0], email: 'an@example.com' }] }),
  ).rejects.toThrow('the file of --roles names nobody with an@example.com');
  await expect(
    world.moveOrganizations({ roles: [...roles, { ...roles[0], role: 'admin' }] }),
  ).rejects.toThrow(`the file of --roles has two lines for ${email}`);
  await expect(
    withClient(world.source, (client) =>
      decide(client, { ...decisions, organization: { slug: 'no slug', name: 'One' } }),
    ),
  ).rejects.toThrow('organizations_slug_check');
  const strangers = (count: number) =>
    Array.from({ length: count }, (_, n) => ({ ...roles[0], email: `s${10 + n}@example.com` }));
  const named = strangers(20)
    .map((stranger) => stranger.email)
    .join(', ');
  for (const [count, said] of [
    [20, `names nobody with ${named}`],
    [23, `names nobody with ${named} and 3 more`],
  ] as const) {
    const refused = world.moveOrganizations({ roles: [...roles, ...strangers(count)] });
    await expect(refused).rejects.toThrow(new RegExp(`${said}$`));
  }
});

test.each([
  [
    'of two organizations',
    movement('1-TEA', '2-MAIN'),
    'its item and its location belong to different organizations',
  ],
  [
    'without an instant',
    movement('1-TEA', '1-MAIN', ', occurred_at', `, 'infinity'`),
    'movements_occurred_at_check',
  ],
])('a movement %s that is written after the last check never moves in', async (_, sql, fault) => {
  await world.moveRest({ target: 30 });
  await expect(
    world.moveRest({
      target: 32,
      beforeContract: async (file, client, run) => {
        await allowSwitch(file, client, run);
        await world.superuser.query(sql);
      },
    }),
  ).rejects.toThrow(fault);
  await world.superuser.query(
    `delete from inventory.movements m using inventory.items i, inventory.locations l
     where i.id = m.item_id and l.id = m.location_id and (i.org_id <> l.org_id or m.occurred_at = 'infinity')`,
  );
});

test('an item that changes its organization after the last check stops the switch', async () => {
  await world.superuser.query(`insert into inventory.items (sku, name, shop) values ('NEW', 'New', '1')`);
  await expect(
    world.moveRest({
      target: 32,
      beforeContract: async (file, client, run) => {
        await allowSwitch(file, client, run);
        await world.superuser.query(`update inventory.items set shop = '2' where sku = 'NEW'`);
      },
    }),
  ).rejects.toThrow('belongs to another organization since the old program has changed it');
});

test('what is committed while the switch waits for its locks is not lost, whatever isolation the database begins with', async () => {
  const { superuser, login } = world;
  await superuser.query(
    `do $$ begin execute format('alter database %I set default_transaction_isolation = %L', current_database(), 'repeatable read'); end $$;
     grant usage on schema inventory to ${login.role} with grant option;
     set role ${login.role};
     grant usage on schema inventory to pg_monitor;
     reset role`,
  );
  await world.moveOrganizations({
    codes: [
      { table: 'items', code: '1-TEA', becomes: 'TEA', line: 2 },
      { table: 'items', code: '2-TEA', becomes: 'TEA', line: 3 },
    ],
  });
  const writer = new Client(world.database.url);
  await writer.connect();
  let committed: Promise<unknown> | undefined;
  try {
    await world.moveRest({
      target: 32,
      lockTimeoutMs: 30_000,
      beforeContract: async (file, client, run) => {
        await allowSwitch(file, client, run);
        await writer.query('begin');
        await writer.query(movement('1-TEA', '1-MAIN'));
        committed = waitedFor(writer).then(() => writer.query('commit'));
      },
    });
    await committed;
  } finally {
    await writer.end();
  }
  const { rows } = await superuser.query(
    `select i.sku, b.on_hand::float8 as "onHand" from inventory.balances b join inventory.items i on i.id = b.item_id
     where i.sku = 'TEA' order by 2`,
  );
  expect(rows).toEqual([
    { sku: 'TEA', onHand: 5 },
    { sku: 'TEA', onHand: 10 },
  ]);
});

test('a balance of nothing that is there stops the move, although the keys find nothing wrong with it', async () => {
  const { superuser } = world;
  for (const [item, location] of [
    ['gen_random_uuid()', 'location_id'],
    ['item_id', 'gen_random_uuid()'],
  ]) {
    await superuser.query(`
      set session_replication_role = replica;
      insert into inventory.balances (org_id, item_id, location_id, lot, on_hand, version)
      select org_id, ${item}, ${location}, 'of nothing', 1, 1 from inventory.balances limit 1;
      reset session_replication_role`);
    await expect(world.moveRest()).rejects.toThrow('there are balances without their item or location');
    await superuser.query(`delete from inventory.balances where lot = 'of nothing'`);
  }
  await world.moveRest();
  expect(await world.status()).toMatchObject({ next: 'done' });
});

/** Until another session waits for a lock of this one. */
async function waitedFor(client: Client): Promise<void> {
  for (;;) {
    const { rows } = await client.query(
      'select from pg_locks where not granted and pg_backend_pid() = any (pg_blocking_pids(pid))',
    );
    if (rows.length > 0) return;
  }
}
