import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { paths } from '#scripts/paths.ts';
import { openMovingWorld } from './moving-world.ts';

const world = openMovingWorld();
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stockade-moving-in-'));
});
afterAll(() => rm(folder, { recursive: true }));

function run(script: 'all' | 'org' | 'balance' | 'status', ...args: string[]) {
  const file = join(paths.root, `scripts/migrate/${script}.ts`);
  return spawnSync(process.execPath, [file, '--database-url', world.database.url, ...args], {
    encoding: 'utf8',
  });
}

test('the commands refuse to begin undecided, decide by files, move in two parts, and switch', async () => {
  await world.shop.addUser('ann@example.com');
  await world.shop.addItem('BOLT');
  await world.shop.addLocation('MAIN');
  await world.shop.receive('BOLT', 'MAIN', 5);
  expect(run('all')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('npm run migrate:org -- --slug SLUG --name NAME --everyone viewer'),
  });
  expect(run('org', '--slug', 'shop')).toMatchObject({ status: 2 });

  await world.shop.addItem('TRAIL ');
  expect(run('org', '--check')).toMatchObject({
    status: 1,
    stdout: expect.stringMatching(/^1 row cannot move in\..*code-form.*"TRAIL ".*items,"TRAIL ",TRAIL/s),
  });
  expect(run('org', '--slug', 'shop', '--name', 'Shop', '--everyone', 'clerk')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('(TRAIL )'),
  });
  expect(JSON.parse(run('status', '--json').stdout).applied).toEqual(['000001_baseline']);
  const codes = join(folder, 'map.csv');
  await writeFile(codes, 'table,code,becomes\nitems,"TRAIL ",TRAIL\n');
  expect(run('org', '--check', '--map', codes)).toMatchObject({
    status: 0,
    stdout: 'Every row can move in.\n',
  });

  const roles = join(folder, 'roles.csv');
  await writeFile(roles, 'email,role\nann@example.com,boss\n');
  const decisions = ['--slug', 'shop', '--name', 'Shop', '--roles', roles, '--map', codes];
  expect(run('org', ...decisions)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('line 2: role must be one of viewer, clerk, admin'),
  });
  expect(JSON.parse(run('status', '--json').stdout).applied).toEqual(['000001_baseline']);

  await writeFile(roles, 'email,role\nann@example.com,clerk\n');
  expect(run('org', ...decisions)).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('Next: npm run migrate:balance'),
  });
  expect(run('balance')).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('Next: npm run migrate:all'),
  });
  expect(JSON.parse(run('status', '--json').stdout)).toMatchObject({
    next: 'switch',
    command: 'npm run migrate:all',
    isOldProgramWorking: true,
    unpaired: { count: 0 },
  });
  expect(run('all')).toMatchObject({ status: 0 });
  expect(run('status').stdout).toMatch(/^Everything is done: the new program works/);
});
