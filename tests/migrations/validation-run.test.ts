import { Client } from 'pg';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { KnownSchema } from '#schema/validator/schema/known-schema.ts';
import { validateFile } from '#schema/validator/validate.ts';
import { createScratchDatabase, type ScratchDatabase } from '#scripts/migrate/catalog/scratch-database.ts';
import { fillTables } from '#scripts/migrate/validation/rows/fill-tables.ts';
import { runFile, runSource } from '#scripts/migrate/validation/run/run-source.ts';
import { judgeSource } from '#scripts/migrate/validation/verdicts.ts';

const shop = `create schema shop;
create type shop.kind as enum ('piece', 'set');
create table shop.items (
  sku text primary key check (sku ~ '^[0-9A-Z]{12}$'),
  kind shop.kind not null,
  size varchar(10) not null,
  starts date not null,
  ends date not null,
  digest bytea not null check (length(digest) = 32),
  check (starts < ends or starts = ends)
);
create table shop.orders (
  sku text not null references shop.items (sku),
  quantity integer not null check (quantity > 0),
  state text not null check (state in ('new', 'sent'))
);
create function shop.refuse() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$;
create trigger refuse before insert on shop.orders for each row execute function shop.refuse();
alter table shop.orders enable always trigger refuse;`;

let template: ScratchDatabase;

beforeAll(async () => {
  template = await createScratchDatabase(inject('clusterUrl'));
  const client = new Client(template.url);
  await client.connect();
  await client.query(shop).finally(() => client.end());
});
afterAll(async () => {
  await template?.[Symbol.asyncDispose]();
});

/** Runs a file on the shop, judged by what `known` says of the schema. */
async function run(content: string, known = shop) {
  const schema = new KnownSchema();
  await validateFile({ file: 'shop.sql', content: known }, 'transaction', schema);
  const runner = /concurrently|discard/.test(content) ? 'statement' : 'transaction';
  const verdict = await validateFile({ file: 'file.sql', content }, runner, schema);
  return await runFile({ clusterUrl: inject('clusterUrl'), template: template.name }, verdict, content);
}

test('every table gets rows that obey its checks and foreign keys, past its triggers, and nothing of the way is left', async () => {
  await using copy = await createScratchDatabase(inject('clusterUrl'), template.name);
  const client = new Client(copy.url);
  await client.connect();
  try {
    expect(await fillTables(client)).toEqual([]);
    const { rows } = await client.query(
      `select (select count(*)::int from shop.items) > 1 as items,
         (select count(*)::int from shop.orders o join shop.items using (sku)) > 1 as orders,
         (select bool_and(quantity > 0 and state in ('new', 'sent')) from shop.orders) as "obeysChecks"`,
    );
    expect(rows).toEqual([{ items: true, orders: true, obeysChecks: true }]);
    await expect(client.query(`insert into shop.orders select * from shop.orders limit 1`)).rejects.toThrow(
      'no',
    );
    await expect(client.query(`update shop.items set digest = ''`)).rejects.toThrow('items_digest_check');
  } finally {
    await client.end();
  }
});

test('a row that meets a check over two columns is found although each has more than twenty values', async () => {
  await using copy = await createScratchDatabase(inject('clusterUrl'));
  const client = new Client(copy.url);
  await client.connect();
  try {
    const codes = Array.from({ length: 25 }, (_, index) => `'${index + 1}'`).join(', ');
    // The first pair that fits is 18 and 1. With all 25 values of the second column it would be past the last try.
    await client.query(`create table public.spans (
      "from" text not null check ("from" in (${codes})),
      "to" text not null check ("to" in (${codes})),
      check ("from"::integer between 18 and 17 + "to"::integer)
    )`);
    expect(await fillTables(client)).toEqual([]);
    const { rows } = await client.query('select distinct "from", "to" from public.spans');
    expect(rows).toEqual([{ from: '18', to: '1' }]);
  } finally {
    await client.end();
  }
});

test.each([
  ['a lock of the catalogue', 'alter table shop.items add column brand text;'],
  ['a scan', 'alter table shop.orders add constraint few check (quantity < 1000);'],
  ['a rewrite', 'alter table shop.orders alter column quantity type bigint;'],
  ['a type that is the same on disk', 'alter table shop.items alter column size type text;'],
  ['the table that a foreign key points at', 'alter table shop.orders drop constraint orders_sku_fkey;'],
  ['a concurrent build', 'create index concurrently orders_sku on shop.orders (sku);'],
  ['a statement that no transaction takes', 'discard all;'],
  [
    'a lock ends with its transaction',
    `begin; alter table shop.items add column brand text; commit;
     begin; alter table shop.orders add column brand text; commit;
     discard all;`,
  ],
])('the verdict agrees with the fact: %s', async (_, content) => {
  expect(await run(content)).toEqual({ file: 'file.sql', disagreements: [], notes: [] });
});

test('a verdict that Postgres contradicts is named with the fact', async () => {
  const wrong = shop.replace('size varchar(10)', 'size varchar(3)');
  const { disagreements } = await run('alter table shop.items alter column size type varchar(5);', wrong);
  expect(disagreements).toContainEqual({
    file: 'file.sql',
    line: 1,
    object: 'shop.items',
    verdict: 'not written again',
    fact: 'written again (another file)',
  });
});

test('what a DO block does, and its text does not say, is found when it runs', async () => {
  const content = `do $$ declare v_table text := 'orders'; begin
    execute format('alter table shop.%I alter column quantity type bigint', v_table);
  end $$;`;
  const { disagreements } = await run(content);
  expect(disagreements).toMatchObject([
    { object: 'shop.orders', fact: 'written again under a lock in ACCESS EXCLUSIVE mode' },
  ]);
});

test('a concurrent build that fails is reported with its line', async () => {
  const { failure } = await run('\ncreate unique index concurrently orders_state on shop.orders (state);');
  expect(failure).toBeUndefined();
  const { failure: other } = await run('alter table shop.nowhere add column brand text;');
  expect(other).toContain('file.sql:1:');
});

test('a file that fails ends the run of those after it, with its reason', async () => {
  const files = [
    { file: '1.sql', content: 'create table public.lots (id bigint primary key);' },
    { file: '2.sql', content: 'alter table public.lots drop column nothing;' },
    { file: '3.sql', content: 'select 1;' },
    { file: '4.sql', content: 'select 2;' },
  ];
  const wanted = new Set(['3.sql', '4.sql']);
  const verdict = await judgeSource({ folder: '.', runner: 'transaction', files, wanted });
  const runs = await runSource(inject('clusterUrl'), verdict);
  expect(runs.map(({ file, failure }) => [file, failure])).toEqual([
    ['3.sql', expect.stringMatching(/^a file before it fails: 2\.sql.*"nothing"/)],
    ['4.sql', expect.stringMatching(/^a file before it fails: 2\.sql.*"nothing"/)],
  ]);
});
