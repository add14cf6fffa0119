import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, inject, onTestFinished, test } from 'vitest';
import { openApplication } from '#tests/migrations/adopt/application-world.ts';
import { paths } from '../paths.ts';

function run(script: string, ...args: string[]) {
  return spawnSync(process.execPath, [join(paths.root, `scripts/migrate/${script}.ts`), ...args], {
    encoding: 'utf8',
  });
}

test('it reports, writes files that migrate:all applies with a clean lint, and overwrites none', async () => {
  await using world = await openApplication('shop', inject('clusterUrl'));
  const folder = await mkdtemp(join(tmpdir(), 'stockade-adopt-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const out = join(folder, 'adopted');
  const shop = ['--database-url', world.adminUrl, '--slug', 'corner', '--tables', 'shop.customers'];
  const decided = [
    ...shop,
    '--tables',
    'shop.products',
    '--tables',
    'audit_log',
    '--shared',
    'shop.countries',
  ];

  const undecided = run('adopt', ...shop, '--out', out);
  expect(undecided.status).toBe(1);
  expect(undecided.stdout).toContain(
    'Before there can be files:\n  shop.audit_log: no foreign key connects it',
  );

  const written = run('adopt', ...decided, '--out', out, '--json');
  expect(written.status).toBe(0);
  const { tenant, lastBeforeContract } = JSON.parse(written.stdout);
  expect(tenant).toContainEqual({
    table: 'shop.order_lines',
    path: ['shop.order_lines', 'shop.orders', 'shop.customers'],
  });
  expect(await readdir(out)).toEqual(['functions', 'lint', 'migrations', 'roles.sql']);
  expect(await readdir(join(out, 'migrations'))).toContain(`${lastBeforeContract}.sql`);
  expect(run('adopt', ...decided, '--out', out)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('is not empty'),
  });

  const migrated = run('all', '--migrations', join(out, 'migrations'), '--database-url', world.adminUrl);
  expect(migrated).toMatchObject({ status: 0, stderr: expect.any(String) });
  expect(migrated.stdout).toContain('The database is up to date.');
});

test('it wants to know which organizations there are', () => {
  const url = ['--database-url', 'postgres://nobody@localhost/none'];
  expect(run('adopt', ...url, '--tables', 'a')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('neither --slug nor --root'),
  });
  expect(run('adopt', ...url, '--slug', 'acme')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('no --tables'),
  });
});
