import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { migrate } from '#schema/migrations/migrate.ts';
import { createScratchDatabase, type ScratchDatabase } from '#scripts/migrate/catalog/scratch-database.ts';
import { paths } from '#scripts/paths.ts';
import { dumpCatalog } from './dump.ts';

let database: ScratchDatabase;
let client: Client;
let lastDump: string | undefined;

beforeAll(async () => {
  ({ database, client } = await open());
  for (const role of ['stockade_owner', 'stockade_api', 'stockade_jobs']) {
    await client.query(`do $$ begin
      if to_regrole('${role}') is null then create role ${role}; end if;
    exception when duplicate_object or unique_violation then null;
    end $$`);
  }
  await client.query(await readFile(join(import.meta.dirname, 'fixtures/every-kind.sql'), 'utf8'));
});
afterAll(() => close({ database, client }));

async function open() {
  const made = await createScratchDatabase(inject('clusterUrl'));
  const connected = new Client({ connectionString: made.url });
  await connected.connect();
  return { database: made, client: connected };
}

async function close(opened: { database: ScratchDatabase; client: Client }): Promise<void> {
  await opened.client.end();
  await opened.database[Symbol.asyncDispose]();
}

async function expectRoundTrip(dump: string): Promise<void> {
  const copy = await open();
  try {
    await copy.client.query(dump);
    expect(await dumpCatalog(copy.client)).toBe(dump);
  } finally {
    await close(copy);
  }
}

test('executing the dump on an empty database and dumping that gives the same text', async () => {
  await expectRoundTrip(await dumpCatalog(client));
});

test('the schema of Stockade itself makes the round trip', async () => {
  const real = await open();
  try {
    await migrate({ connectionString: real.database.url, directory: paths.migrations });
    await expectRoundTrip(await dumpCatalog(real.client));
  } finally {
    await close(real);
  }
});

test('the dump of an empty database can be executed too', async () => {
  const empty = await open();
  const dump = await dumpCatalog(empty.client);
  await close(empty);
  await expectRoundTrip(dump);
});

// Each of these is one thing that somebody could change; all of them must show. They build on each other.
test.each([
  `alter table app.plain disable row level security`,
  `alter table app.plain no force row level security`,
  `alter policy own on app.plain using (true)`,
  `alter policy own on app.plain with check (false)`,
  `alter policy own on app.plain to stockade_api`,
  `drop policy read_only on app.plain; create policy read_only on app.plain for select to stockade_api, stockade_jobs using (named > 0)`,
  `drop policy add on app.plain`,
  `alter table app.plain enable trigger always_fires`,
  `alter table app.plain enable trigger is_off`,
  `drop trigger late on app.child`,
  `alter view app.shown set (security_invoker = false)`,
  `alter view app.shown alter column note drop default`,
  `alter function app.secret() security invoker`,
  `alter function app.secret() not leakproof`,
  `alter function app.plus(text, text[]) reset search_path`,
  `alter function app.secret() owner to stockade_jobs`,
  `grant execute on function app.secret() to public`,
  `revoke execute on procedure app.act(int) from public`,
  `grant update (named) on app.plain to stockade_jobs`,
  `revoke insert (note) on app.plain from stockade_api`,
  `revoke grant option for select on app.plain from stockade_jobs`,
  `grant delete on app.plain to stockade_owner`,
  `grant select on sequence app.counter to stockade_jobs`,
  `grant usage on sequence app.plain_id_seq to stockade_jobs`,
  `grant usage on type app.color to public`,
  `grant create on schema public to public`,
  `grant create on schema app to stockade_api`,
  `alter default privileges for role stockade_owner grant execute on functions to public`,
  `alter default privileges for role stockade_owner in schema app revoke select on tables from stockade_jobs`,
  `alter table app.plain owner to stockade_jobs`,
  `alter schema "Odd name" owner to stockade_owner`,
  `alter sequence app.down owner to stockade_owner`,
  `alter type app.color owner to stockade_jobs`,
  `alter statistics app.child_statistics owner to stockade_owner`,
  `alter table app.plain alter column named drop not null`,
  `alter table app.plain validate constraint plain_later`,
  `alter table app.plain validate constraint plain_other_filled`,
  `alter table app.child validate constraint child_self`,
  `alter table app.child alter constraint child_parent not deferrable`,
  `alter table app.plain drop constraint plain_positive`,
  `alter table app.plain set (fillfactor = 81)`,
  `alter table app.plain set (toast.autovacuum_enabled = true)`,
  `alter table app.plain alter column note set storage extended`,
  `alter table app.plain alter column named set statistics 400`,
  `alter table app.plain alter column named reset (n_distinct)`,
  `alter table app.plain alter column id set increment by 3`,
  `alter table app.plain alter column id set generated by default`,
  `alter table app.plain alter column colors set default '{green}'`,
  `alter table app.plain replica identity default`,
  `alter table app.child set without cluster`,
  `alter table app.child replica identity nothing`,
  `alter table app.empty set logged`,
  `alter index app.plain_unique reset (fillfactor)`,
  `alter index app.child_expression alter column 1 set statistics 200`,
  `drop index app.child_gist`,
  `alter sequence app.counter owned by app.child.id`,
  `alter sequence app.counter cache 4`,
  `alter type app.color add value 'black' before 'red'`,
  `alter type app.pair add attribute c int`,
  `alter domain app.code drop constraint code_short`,
  `alter domain app.code drop not null`,
  `comment on policy own on app.plain is 'another'`,
  `comment on column app.plain.named is 'new'`,
  `comment on table app.plain is null`,
  `drop rule shown_quietly on app.shown`,
  `alter event trigger app_commands disable`,
  `drop event trigger app_drops`,
  `create schema another`,
  `do $$ begin execute format('grant temporary on database %I to stockade_api', current_database()); end $$`,
  `do $$ begin execute format('alter database %I reset lock_timeout', current_database()); end $$`,
])('it shows: %s', async (change) => {
  const before = lastDump ?? (await dumpCatalog(client));
  await client.query(change);
  lastDump = await dumpCatalog(client);
  expect(lastDump).not.toBe(before);
});

test('after all these changes the dump still makes the round trip', async () => {
  await expectRoundTrip(await dumpCatalog(client));
});

describe('what the dump cannot write, it refuses by name', () => {
  test.each([
    ['a materialized view', `create materialized view app.m as select 1 as a`, 'app.m of kind "m"'],
    ['a partitioned table', `create table app.p (a int) partition by list (a)`, 'app.p of kind "p"'],
    ['an inheriting table', `create table app.h () inherits (app.child)`, 'app.h, which inherits'],
    ['a typed table', `create table app.t of app.pair`, 'app.t, a table of a type'],
    ['an aggregate', `create aggregate app.total(int) (sfunc = int4pl, stype = int)`, 'app.total(integer)'],
    [
      'an operator',
      `create operator app.=== (function = texteq, leftarg = text, rightarg = text)`,
      'operator app.===',
    ],
    ['a cast', `create cast (app.color as int) with inout`, 'cast from app.color to integer'],
    ['a collation', `create collation app.c from "C"`, 'collation app.c'],
    ['a text search configuration', `create text search configuration app.s (copy = simple)`, 'app.s'],
    ['a publication', `create publication app_pub`, 'publication app_pub'],
    ['a foreign data wrapper', `create foreign data wrapper app_fdw`, 'foreign-data wrapper app_fdw'],
    ['a language', `create language app_language handler plpgsql_call_handler`, 'language app_language'],
    ['a base type', `create type app.shell`, 'app.shell'],
    [
      'a dependency on an extension',
      `alter function app.fire() depends on extension btree_gist`,
      'on an extension',
    ],
    [
      'a grant by another than the owner',
      `grant select on app.cycle to stockade_jobs with grant option;
      set local role stockade_jobs; grant select on app.cycle to stockade_api; reset role`,
      'granted by stockade_jobs',
    ],
  ])('%s', async (_, make, named) => {
    const copy = await open();
    try {
      await copy.client.query(`create schema app; create type app.color as enum ('red'); create type app.pair as (a int);
        create table app.child (id int); create table app.cycle (id int); create extension btree_gist with schema app;
        grant usage on schema app to stockade_jobs;
        create function app.fire() returns trigger language plpgsql as 'begin end';`);
      await copy.client.query(make);
      await expect(dumpCatalog(copy.client)).rejects.toThrow(named);
    } finally {
      await close(copy);
    }
  });

  test('an index that a failed build left invalid', async () => {
    const copy = await open();
    try {
      await copy.client.query('create table public.t (a int); insert into public.t values (1), (1)');
      await copy.client.query('create unique index concurrently t_a on public.t (a)').catch(() => {});
      await expect(dumpCatalog(copy.client)).rejects.toThrow('the invalid index public.t_a');
    } finally {
      await close(copy);
    }
  });
});
