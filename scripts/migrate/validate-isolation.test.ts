import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { migrate } from '#schema/migrations/migrate.ts';
import { paths } from '../paths.ts';
import { createScratchDatabase, type ScratchDatabase } from './catalog/scratch-database.ts';

let database: ScratchDatabase;
let client: Client;

beforeAll(async () => {
  database = await createScratchDatabase(inject('clusterUrl'));
  await migrate({ connectionString: database.url, directory: paths.migrations });
  client = new Client(database.url);
  await client.connect();
});
afterAll(async () => {
  await client?.end();
  await database?.[Symbol.asyncDispose]();
});

function run(script: string, ...args: string[]) {
  const file = join(paths.root, 'scripts', script);
  return spawnSync(process.execPath, [file, ...args], { encoding: 'utf8' });
}

function validate(...args: string[]) {
  return run('migrate/validate-isolation.ts', '--database-url', database.url, ...args);
}

/** Breaks the database while the work runs. */
async function broken<T>(breaking: string, mending: string, work: () => T): Promise<T> {
  await client.query(breaking);
  try {
    return work();
  } finally {
    await client.query(mending);
  }
}

const disable = 'alter table inventory.items disable row level security';
const enable = 'alter table inventory.items enable row level security';

test('it says that a database is sound, with exit code 0', () => {
  const answer = validate();
  expect(answer).toMatchObject({ status: 0, stderr: '' });
  expect(answer.stdout).toMatch(
    /^No faults: organizations are isolated from each other \(\d+ rules, \d+ ms\)\.\n$/,
  );
  expect(JSON.parse(validate('--json').stdout)).toMatchObject({ ok: true, faults: [], couldNotRun: [] });
});

test('it names rule, object, remedy and page of a fault, with exit code 1', async () => {
  const [text, json] = await broken(disable, enable, () => [validate(), validate('--json')]);
  expect(text).toMatchObject({ status: 1 });
  expect(text?.stdout).toMatch(
    new RegExp(
      [
        "LEAK {6}0001 A tenant's table without row-level security",
        ' {2}inventory.items: row-level security is disabled',
        ' {4}alter table inventory.items enable row level security;',
        ' {2}see docs/isolation/0001_row_security_disabled.md',
        '',
        String.raw`1 fault \(\d+ rules\)\.`,
      ].join('\n'),
    ),
  );
  expect(json).toMatchObject({ status: 1 });
  expect(JSON.parse(json?.stdout ?? '').faults).toMatchObject([
    {
      rule: '0001',
      level: 'leak',
      object: 'inventory.items',
      page: 'docs/isolation/0001_row_security_disabled.md',
    },
  ]);
});

test('one rule can be asked alone, and must be there', async () => {
  const others = await broken(disable, enable, () => validate('--rule', '0002', '--rule', '0003', '--json'));
  expect(JSON.parse(others.stdout)).toMatchObject({ ok: true, rules: 2 });
  expect(validate('--rule', '9999')).toMatchObject({ status: 2 });
  expect(validate('--scratch')).toMatchObject({ status: 2 });
});

test('the query it prints runs as it is', async () => {
  const { stdout } = validate('--rule', '0001', '--sql');
  const rows = await broken(disable, enable, () => client.query(stdout));
  expect([(await rows) as unknown].flat().at(-1)).toMatchObject({ rows: [{ object: 'inventory.items' }] });
  await client.query('reset search_path');
});

test('a migration run that ends with a hole in the wall fails and says so', async () => {
  const migrateAll = () => run('migrate/all.ts', '--database-url', database.url);
  const holed = await broken(disable, enable, migrateAll);
  expect(holed).toMatchObject({ status: 1, stderr: '0 files to apply\n' });
  expect(holed.stdout).toContain('The database is up to date.\n\nLEAK      0001');
  expect(holed.stdout).toContain('Repair each fault in its function file or in a new migration');
  expect(migrateAll()).toMatchObject({ status: 0 });
});

test('--scratch looks at what the migrations make', () => {
  expect(run('migrate/validate-isolation.ts', '--scratch', '--rule', '0001')).toMatchObject({ status: 0 });
});
