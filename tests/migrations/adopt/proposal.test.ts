import { expect, inject, test } from 'vitest';
import type { Remark } from '#schema/adopt/remark.ts';
import { type ApplicationWorld, openApplication } from './application-world.ts';

const open = (fixture: Parameters<typeof openApplication>[0], change = '') =>
  openApplication(fixture, inject('clusterUrl'), { change });

async function obstaclesOf(world: ApplicationWorld, ...choices: Parameters<ApplicationWorld['plan']>) {
  const { obstacles, adoption } = await world.plan(...choices);
  expect(adoption === undefined).toBe(obstacles.length > 0);
  return obstacles;
}

const saying = (remarks: readonly Remark[], object: string) =>
  remarks.filter((each) => each.object === object).map(({ says }) => says);

test('a table that no foreign key connects with a named one is for a person to decide', async () => {
  await using world = await open('shop');
  const obstacles = await obstaclesOf(world, { tables: ['shop.customers'], shared: [] });
  expect(obstacles.map(({ object, says }) => [object, says])).toEqual([
    ['shop.audit_log', 'no foreign key connects it with a table that was named'],
    ['shop.countries', "shop.customers refers to it, but it refers to no tenant's table"],
    ['shop.products', "shop.order_lines refers to it, but it refers to no tenant's table"],
  ]);
  expect(obstacles[1]?.remedy).toBe(
    "If its rows belong to organizations, add --tables 'shop.countries'. If every organization may read it, add --shared 'shop.countries'.",
  );
  expect(saying(await obstaclesOf(world, { shared: ['countries', 'shop.orders'] }), 'shop.orders')).toEqual([
    'it is named as shared, but its rows belong to organizations: shop.orders -> shop.customers',
  ]);
  await expect(world.plan({ tables: ['shop.clients'] })).rejects.toThrow('there is no table shop.clients');
  await expect(world.plan({ logins: ['nobody'] })).rejects.toThrow('there is no role nobody');
});

test('it says what it does not touch, and why', async () => {
  await using world = await open(
    'shop',
    `create schema odd;
     create table odd.parts (customer_id integer references shop.customers, at date) partition by range (at);
     create table odd.parents (customer_id integer references shop.customers);
     create table odd.children () inherits (odd.parents);
     create type odd.form as (customer_id integer);
     create table odd.typed of odd.form (foreign key (customer_id) references shop.customers);
     create table odd.ruled (customer_id integer references shop.customers);
     create rule nothing as on delete to odd.ruled do instead nothing;
     create table odd.named (customer_id integer references shop.customers, org_id integer);
     create table odd.booked (customer_id integer references shop.customers, exclude (customer_id with =));
     create table odd.forced (customer_id integer references shop.customers);
     alter table odd.forced force row level security;
     create table odd.several (customer_id integer references shop.customers);
     create policy one on odd.several using (true);
     create policy two on odd.several for select using (true);
     create table odd.nulled (customer_id integer constraint nulled_key references shop.customers on update set null);
     create table odd.unchecked (customer_id integer);
     alter table odd.unchecked add constraint unchecked_key foreign key (customer_id) references shop.customers not valid;
     create table odd.lines (
       order_id bigint, line smallint,
       constraint lines_key foreign key (order_id, line) references shop.order_lines match full
     );`,
  );
  const obstacles = await obstaclesOf(world, { shared: ['shop.countries'] });
  const expected: [object: string, says: RegExp][] = [
    ['odd.booked_customer_id_excl', /exclusion constraint/],
    ['odd.forced', /row-level security is forced/],
    ['lines_key on odd.lines', /match full/],
    ['odd.named', /a column org_id of its own/],
    ['nulled_key on odd.nulled', /on update set null would change org_id/],
    ['odd.parents', /inherits, or is inherited from/],
    ['odd.parts', /partitioned/],
    ['odd.ruled', /rewrite rule/],
    ['odd.several', /several of its policies/],
    ['odd.typed', /composite type/],
    ['unchecked_key on odd.unchecked', /never checked/],
  ];
  for (const [object, says] of expected) {
    const said = saying(obstacles, object);
    expect(said, object).toHaveLength(1);
    expect(said[0]).toMatch(says);
    expect(said[0]).toMatch(/^not touched: /);
  }
  expect(obstacles.filter(({ object }) => !expected.some(([each]) => each === object))).toEqual([
    expect.objectContaining({ object: 'odd.children' }),
  ]);
});

test('a role that policies do not hold for is no login of the application', async () => {
  await using world = await open('shop');
  await world.admin.query(`alter role "${world.role}" createrole`);
  expect(saying(await obstaclesOf(world), `role ${world.role}`)).toEqual([
    'it has createrole, so that policies do not hold for it, or not for long',
  ]);
  await world.admin.query(`alter role "${world.role}" nocreaterole nologin`);
  expect(saying(await obstaclesOf(world), 'the login')).toEqual([
    expect.stringMatching(/no role that logs in/),
  ]);
});

test('rows that refer to two organizations, or to none, are found before anything is written', async () => {
  await using prisma = await open('prisma');
  await prisma.admin.query(
    `update "StockMove" set "movedById" = 'cusr000000000000000000002' where "id" = 'cmov000000000000000000001'`,
  );
  expect(await obstaclesOf(prisma)).toEqual([
    {
      object: '"StockMove_movedById_fkey" on public."StockMove"',
      says: '1 row of public."StockMove" refer to a row of public."User" of another organization, such as cusr000000000000000000002',
      remedy: expect.stringMatching(/^Correct "movedById"/),
    },
  ]);
  await using tracker = await open('tracker', 'alter table work.tasks drop constraint tasks_check');
  await tracker.admin.query(`insert into work.tasks (title) values ('Whose?')`);
  expect(saying(await obstaclesOf(tracker), 'work.tasks')).toEqual([
    '1 row refer to no row of an organization',
  ]);
});

test('what only the application can change is reported before the lint reports it', async () => {
  await using world = await open(
    'shop',
    `create materialized view shop.sales as select product_id, count(*) from shop.order_lines group by 1;
     create function shop.everything() returns bigint language sql security definer as 'select count(*) from shop.orders';`,
  );
  const { reported } = await world.plan();
  expect(reported.map(({ rule, object }) => `${rule.number} ${object}`)).toEqual([
    '0021 shop.sales',
    '0025 shop.everything()',
  ]);
});
