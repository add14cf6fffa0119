import { expect, test } from 'vitest';
import type { Runner } from './review.ts';
import { KnownSchema } from './schema/known-schema.ts';
import { validateFile } from './validate.ts';

const before = `create schema shop;
create table shop.orders (id bigint primary key, note text);
create table shop.events (at date not null) partition by range (at);
create table shop.events_rest partition of shop.events default;
create table shop.events_2026 (at date not null);`;

async function validate(content: string, runner: Runner = 'stockade') {
  const schema = new KnownSchema();
  await validateFile({ file: 'before.sql', content: before }, 'stockade', schema);
  return await validateFile({ file: 'file.sql', content }, runner, schema);
}

test.each([
  [
    'a partition',
    `create table shop.events_2027 partition of shop.events for values from ('2027-01-01') to ('2028-01-01');`,
  ],
  [
    'a table that becomes one',
    `alter table shop.events attach partition shop.events_2026 for values from ('2026-01-01') to ('2027-01-01');`,
  ],
])('%s beside a default partition searches the default one', async (_, content) => {
  const { findings } = await validate(content);
  expect(findings.map(({ rule, object }) => [rule, object])).toContainEqual([
    'partition-attach-scans',
    'shop.events_rest',
  ]);
});

test.each([
  ['renamed', 'alter table shop.orders rename to bills', 'shop.bills'],
  ['moved', 'alter table shop.orders set schema public', 'public.orders'],
])('a table that is %s in the transaction stays one table, and locked', async (_, rename, name) => {
  const { findings } = await validate(
    `${rename}; alter table ${name} add column brand text; update ${name} set brand = '' where note is null;`,
  );
  expect(findings.map(({ rule, object }) => [rule, object])).toEqual([
    ['rename-table', 'shop.orders'],
    ['work-under-lock', name],
    ['backfill-in-one-transaction', name],
  ]);
});

test('what the file has added itself may get another name, or go', async () => {
  const { findings } = await validate(`alter table shop.orders add column brand text;
    alter table shop.orders rename column brand to maker;
    create view shop.notes as select note from shop.orders;
    drop view shop.notes;`);
  expect(findings).toEqual([]);
});

test('a file that ends with a DO block leaves no transaction open, one that only prepares its end does', async () => {
  expect((await validate(`do $$ begin perform 1; end $$;`, 'statement')).findings).toEqual([]);
  const { findings } = await validate(`begin; prepare transaction 'half';`, 'statement');
  expect(findings.map(({ rule }) => rule)).toEqual(['transaction-left-open']);
});

test('a reason goes on over several lines', async () => {
  const { allowed } = await validate(`-- Notes.
-- allow whole-table-write: orders has three rows,
--   and nobody waits for them.
update shop.orders set note = '';`);
  expect(allowed.map(({ reason }) => reason)).toEqual(['orders has three rows, and nobody waits for them.']);
});

test.each([
  ['all of its columns', 'add column day date, add column line bigint', true],
  ['one of its two columns', 'add column day date', false],
  ['none of its columns', 'set (fillfactor = 90)', false],
])(
  'a key is certain to be searched for nulls only when every column is described: the files describe %s',
  async (_, described, isCertain) => {
    const { reviews } = await validate(`alter table shop.lines ${described};
    create unique index lines_key on shop.lines (day, line);
    alter table shop.lines add primary key using index lines_key;`);
    expect(reviews.at(-1)?.effects.tables).toMatchObject([{ table: 'shop.lines', work: 'scan', isCertain }]);
  },
);
