import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { paths } from '../paths.ts';
import { createScratchDatabase, type ScratchDatabase } from './catalog/scratch-database.ts';

let database: ScratchDatabase;
let data: string;
beforeAll(async () => {
  database = await createScratchDatabase(inject('clusterUrl'));
  data = await mkdtemp(join(tmpdir(), 'stockade-platform-'));
  const note = { pid: process.pid, url: 'http://127.0.0.1:3000', adminUrl: database.url };
  await writeFile(join(data, 'platform.json'), JSON.stringify(note));
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
  await rm(data, { recursive: true });
});

function migrateAll(...args: string[]) {
  const { DATABASE_URL: _, ...env } = process.env;
  return spawnSync(process.execPath, [join(paths.root, 'scripts/migrate/all.ts'), '--data', data, ...args], {
    encoding: 'utf8',
    env,
  });
}

test('it plans, migrates the running platform up to a number, then to the end, and has nothing left to do', async () => {
  const names = (await readdir(paths.migrations)).map((file) => file.replace('.sql', '')).sort();

  const plan = JSON.parse(migrateAll('--dry-run', '--json').stdout);
  expect(plan).toMatchObject({ dryRun: true, before: 0, applied: [] });
  expect(plan.pending.map(({ name }: { name: string }) => name)).toEqual(names);
  expect(plan.functions.pending).toContain('inventory/posting');
  expect(migrateAll('--dry-run').stdout).toMatch(
    /^Would apply:\n {2}000001_baseline {2}\(one transaction\)\n[\s\S]*\nEach statement waits 200 ms for a lock;[\s\S]*\nWould run the function files:\n[\s\S]* {2}inventory\/posting\n/,
  );

  const first = migrateAll('--target', '1');
  expect(first).toMatchObject({ status: 0 });
  expect(first.stdout).toBe(
    `Applied 1 of ${names.length} migrations. Still pending:\n  ${names.slice(1).join('\n  ')}\n`,
  );

  expect(migrateAll().stdout).toMatch(
    /^Applied \d+ of \d+ migrations and \d+ function files\. The database is up to date\.\n$/,
  );
  expect(migrateAll()).toMatchObject({
    status: 0,
    stdout: 'Nothing to apply. The database is up to date.\n',
  });
});
