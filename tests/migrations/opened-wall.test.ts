import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterEach, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import { readMigrations } from '#schema/book/migration-files.ts';
import { type IsolationRule, readIsolationRules } from '#schema/lint/isolation-rules.ts';
import { type MigrationReport, migrate } from '#schema/migrations/migrate.ts';
import { paths } from '#scripts/paths.ts';
import { cloneDatabase, onCluster } from '#tests/template.ts';

let book: string;
let next: number;
let rules: readonly IsolationRule[];
let name: string;
let url: string;

/** A book of its own that continues this release's, and a database that has this release. */
beforeAll(async () => {
  rules = await readIsolationRules(join(paths.root, 'sql/lint'));
  next = (await readMigrations(paths.migrations)).length + 1;
});
beforeEach(async () => {
  book = await mkdtemp(join(tmpdir(), 'stockade-wall-'));
  await cp(join(paths.root, 'sql'), book, { recursive: true });
  name = `wall_${book.slice(-6).toLowerCase()}`;
  await cloneDatabase(name);
  url = Object.assign(new URL(inject('clusterUrl')), { pathname: name }).href;
});
afterEach(async () => {
  await rm(book, { recursive: true });
  await onCluster(`drop database ${name} with (force)`);
});

const numbered = (index: number, title: string) => `${String(next + index).padStart(6, '0')}_${title}`;

async function put(...migrations: readonly (readonly [title: string, sql: string])[]): Promise<string[]> {
  const names = migrations.map(([title], index) => numbered(index, title));
  for (const [index, [, sql]] of migrations.entries()) {
    await writeFile(join(book, 'migrations', `${names[index]}.sql`), sql);
  }
  return names;
}

const run = () => migrate({ connectionString: url, directory: join(book, 'migrations'), rules });

const faultsOf = ({ opened }: MigrationReport) =>
  opened?.isolation.outcomes.flatMap(({ rule, faults }) =>
    faults.map(({ object }) => `${rule.number} ${object}`),
  );

async function asSuperuser(sql: string): Promise<void> {
  const client = new Client(url);
  await client.connect();
  await client.query(sql);
  await client.end();
}

test('a migration that opens the wall stops the run before the next one, and its repair is applied by the next run', async () => {
  const [opens, later] = await put(
    ['opens', 'alter table inventory.items disable row level security;'],
    ['later', 'create schema later;'],
  );
  const stopped = await run();
  expect(stopped.applied.map((each) => each.name)).toEqual([opens]);
  expect(stopped.opened?.after).toEqual([opens]);
  expect(faultsOf(stopped)).toContain('0001 inventory.items');
  expect(stopped.pending.map((each) => each.name)).toEqual([later]);
  expect(stopped).not.toHaveProperty('isolation');

  await writeFile(
    join(book, 'migrations', `${later}.sql`),
    'alter table inventory.items enable row level security;',
  );
  const repaired = await run();
  expect(repaired).not.toHaveProperty('opened');
  expect(repaired.isolation?.ok).toBe(true);
});

test('a new table without a wall stops the run, whether it says what it holds or not', async () => {
  await put([
    'silent',
    'create table inventory.shelves (org_id uuid not null, id int, primary key (org_id, id));',
  ]);
  expect(faultsOf(await run())).toEqual(
    expect.arrayContaining(['0001 inventory.shelves', '0008 inventory.shelves']),
  );
});

test('a function file that opens the wall stops the run before the migration after it', async () => {
  await writeFile(
    join(book, 'functions/inventory/shelves.sql'),
    `create or replace function inventory.shelf() returns int language sql set search_path = '' return 1;
     comment on function inventory.shelf is 'A shelf.';
     grant execute on function inventory.shelf to public;`,
  );
  const [later] = await put(['later', '--! needs inventory/shelves\ncreate schema later;']);
  const stopped = await run();
  expect(stopped.opened?.after).toEqual(['inventory/shelves']);
  expect(faultsOf(stopped)).toEqual(['0033 inventory.shelf()']);
  expect(stopped.pending.map((each) => each.name)).toEqual([later]);
});

test('a table that was there before and says nothing yet may be on its way behind the wall; the end counts', async () => {
  await asSuperuser(
    'create table inventory.legacy (id int primary key); alter table inventory.legacy owner to stockade_owner',
  );
  await put(
    ['expand', 'alter table inventory.legacy add column org_id uuid;'],
    ['comment', `comment on table inventory.legacy is 'Tenant data: what was there before.';`],
  );
  const report = await run();
  expect(report.applied).toHaveLength(2);
  expect(report.opened?.after).toEqual([numbered(1, 'comment')]);
  expect(faultsOf(report)).toContain('0001 inventory.legacy');
  expect(report.isolation?.ok).toBe(false);
});
