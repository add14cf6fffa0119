import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Client } from 'pg';
import { beforeAll, expect, test } from 'vitest';
import { eraseOrganization } from '#portability/erase.ts';
import { exportOrganization } from '#portability/export.ts';
import { importOrganization } from '#portability/import.ts';
import { type Manifest, readManifest } from '#portability/manifest.ts';
import { parseApiKey } from '#tenancy/credentials/api-keys.ts';
import { run as runCommand } from '#tests/commands/run.ts';
import { type Caller, openWorld } from '#tests/world.ts';
import {
  act,
  digests,
  exportTo,
  fillTenant,
  openCell,
  openFolder,
  outcome,
  suspend,
  tablesWith,
} from './portability-world.ts';

const world = openWorld();
const cell = openCell();
const folder = openFolder();
let here: Client;
let there: Client;
let bystander: Caller;

beforeAll(async () => {
  [here, there] = [await world.superuser(), await cell.superuser()];
  bystander = await world.createOrganization();
  await fillTenant(world, bystander, 'ada@example.com');
});

async function filled(email = 'ada@example.com'): Promise<Caller> {
  const tenant = await world.createOrganization();
  await fillTenant(world, tenant, email);
  return tenant;
}

async function exported(slug: string, to = folder()): Promise<string> {
  const { code, json } = await act('org/export.ts', world.adminUrl, ['--org', slug, '--to', to]);
  expect([code, json]).toEqual([0, expect.anything()]);
  return to;
}

async function content(path: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const file of (await readdir(path)).sort()) files[file] = await readFile(join(path, file), 'utf8');
  return files;
}

test('an organization moves to another cell whole and is erased where it was', async () => {
  // Known to nobody there, and here to somebody else too, whom the erasure leaves her to.
  const tenant = await filled('moving@example.com');
  await world.join('moving@example.com', bystander, 'viewer');
  await suspend(world, tenant.slug);
  const before = { here: await digests(here, tenant.id), there: await digests(there) };
  const to = await exported(tenant.slug);
  expect(await digests(here, tenant.id)).toEqual(before.here);

  const imported = await act('org/import.ts', cell.adminUrl, ['--from', to]);
  expect([imported.code, imported.json]).toEqual([
    0,
    expect.objectContaining({ id: tenant.id, slug: tenant.slug, usersCreated: 1 }),
  ]);

  const back = folder();
  const again = await act('org/export.ts', cell.adminUrl, ['--org', tenant.slug, '--to', back]);
  expect(again.code).toBe(0);
  const [first, second] = [await content(to), await content(back)];
  const manifest = (text = '') => ({ ...JSON.parse(text), takenAt: '' });
  expect(manifest(second['manifest.json'])).toEqual(manifest(first['manifest.json']));
  expect({ ...second, 'manifest.json': '' }).toEqual({ ...first, 'manifest.json': '' });

  const receipt = join(to, 'manifest.json');
  const erased = await act('org/erase.ts', world.adminUrl, [
    '--org',
    tenant.slug,
    '--receipt',
    receipt,
    '--yes',
  ]);
  expect([erased.code, erased.json]).toEqual([0, expect.objectContaining({ organization: tenant.id })]);
  expect(await tablesWith(here, tenant.id)).toEqual({ 'tenancy.erasures': 1 });
  expect(await digests(here, tenant.id)).toEqual(before.here);
});

test('what it could do there it can do here: its keys work, its books go on', async () => {
  const tenant = await filled();
  const to = await exported(tenant.slug);
  await suspend(world, tenant.slug);
  const { receipt } = await exportTo(world, tenant.id, folder());
  expect(receipt).not.toBe((await readManifest(join(to, 'manifest.json'))).receipt);
  const imported = await importOrganization(await cell.connect('stockade_admin'), { from: to });
  expect(imported.manifest.organization.status).toBe('active');

  const api = await cell.connect('stockade_api');
  const key = parseApiKey(tenant.apiKey, 'test');
  await api.query('begin');
  await api.query('call tenancy.enter_with_key($1, $2, $3, $4)', [
    key?.keyId,
    key?.secretDigest,
    'write',
    [tenant.slug],
  ]);
  const posted = await api.query('select inventory.post_entry($1) as entry', [
    { kind: 'receipt', lines: [{ sku: 'ONCE-NEGATIVE', location: 'MAIN', quantity: 2 }] },
  ]);
  expect(posted.rows[0].entry.lines[0].balance).toEqual({
    onHand: -3,
    reserved: 0,
    available: -3,
    version: 2,
  });
  const refused = api.query('select inventory.post_entry($1)', [
    { kind: 'issue', lines: [{ sku: 'ONCE-NEGATIVE', location: 'MAIN', quantity: -1 }] },
  ]);
  expect(await outcome(refused)).toBe('SK201');
  await api.query('rollback');
});

test('a user who is there under another id stays who they are, and the organization comes back from there the same', async () => {
  const tenant = await filled('grace@example.com');
  await suspend(world, tenant.slug);
  const there = await cell.superuser();
  const known = await there.query(
    `insert into tenancy.users (email, name) values ('grace@example.com', 'Grace, as she is called here') returning *`,
  );
  const to = folder();
  const manifest = await exportTo(world, tenant.id, to);
  const admin = await cell.connect('stockade_admin');
  const report = await importOrganization(admin, { from: to, slug: 'grace-and-co' });
  expect(report.usersCreated).toBe(0);
  expect(Object.values(report.usersRenamed)).toEqual([known.rows[0].id]);
  const after = await there.query('select * from tenancy.users where email = $1', ['grace@example.com']);
  expect(after.rows).toEqual(known.rows);
  const members = await there.query('select user_id from tenancy.memberships where org_id = $1', [tenant.id]);
  expect(members.rows).toEqual([{ user_id: known.rows[0].id }]);

  const back = folder();
  await exportTo(cell, tenant.id, back);
  await eraseOrganization(await world.connect('stockade_admin'), { slug: tenant.slug, receipt: manifest });
  await importOrganization(await world.connect('stockade_admin'), { from: back, slug: tenant.slug });
  const again = await exportTo(world, tenant.id, folder());
  const ownTables = ({ tables }: Manifest) =>
    tables.filter(({ name }) => !['tenancy.users', 'tenancy.memberships'].includes(name));
  expect(ownTables(again)).toEqual(ownTables(manifest));
});

test('two exports of one state are the same; one more row makes another receipt', async () => {
  const tenant = await filled();
  const [first, second] = [
    await exportTo(world, tenant.id, folder()),
    await exportTo(world, tenant.id, folder()),
  ];
  expect({ ...second, takenAt: '' }).toEqual({ ...first, takenAt: '' });
  await tenant.post('receipt', { sku: 'BOLT', location: 'Außen lager', quantity: 1 });
  expect((await exportTo(world, tenant.id, folder())).receipt).not.toBe(first.receipt);
});

test('an export is of one instant, however much is posted meanwhile', async () => {
  const tenant = await filled();
  let posting = true;
  const writers = [1, 2, 3].map(async () => {
    while (posting) {
      await tenant.post(
        'transfer',
        { sku: 'BOLT', location: 'MAIN', quantity: -1 },
        { sku: 'BOLT', location: 'Außen lager', quantity: 1 },
      );
    }
  });
  const admin = await cell.connect('stockade_admin');
  try {
    for (let n = 0; n < 3; n += 1) {
      const to = folder();
      await exportTo(world, tenant.id, to);
      // Its balances are the sum of its movements, or it would be refused.
      const { manifest } = await importOrganization(admin, { from: to });
      await admin.query(`update tenancy.organizations set status = 'suspended' where id = $1`, [tenant.id]);
      const receipt = await exportTo(cell, tenant.id, folder());
      await eraseOrganization(admin, { slug: manifest.organization.slug, receipt });
    }
  } finally {
    posting = false;
    await Promise.all(writers);
  }
}, 60_000);

test('ten exports into one folder: one gets it; ten imports at once: one is made', async () => {
  const tenant = await filled();
  const to = folder();
  const jobs = await Promise.all(Array.from({ length: 10 }, () => world.connect('stockade_jobs')));
  const exports = await Promise.all(jobs.map((each) => outcome(exportOrganization(each, tenant.id, { to }))));
  const isTaken = (each: string) => each.includes('already exists and contains');
  expect(exports.map((each) => (isTaken(each) ? 'taken' : each)).sort()).toEqual([
    'done',
    ...Array(9).fill('taken'),
  ]);
  expect((await readdir(dirname(to))).filter((name) => name.includes('partial'))).toEqual([]);

  const admins = await Promise.all(Array.from({ length: 10 }, () => cell.connect('stockade_admin')));
  const imports = await Promise.all(admins.map((each) => outcome(importOrganization(each, { from: to }))));
  expect(imports.sort()).toEqual([...Array(9).fill('SK504'), 'done']);
  expect((await exportTo(cell, tenant.id, folder())).receipt).toBe(
    (await readManifest(join(to, 'manifest.json'))).receipt,
  );
});

test('the commands say what they did and what comes next, and name what is not there', async () => {
  const tenant = await filled();
  const to = folder();
  const run = (script: string, args: string[]) => runCommand(script, args, { DATABASE_URL: world.adminUrl });
  const done = await run('org/export.ts', ['--org', tenant.slug, '--to', to]);
  expect([done.exitCode, done.stdout]).toEqual([
    0,
    expect.stringContaining('This is a copy: the organization is active'),
  ]);
  const occupied = await run('org/export.ts', ['--org', tenant.slug, '--to', to]);
  expect([occupied.exitCode, occupied.stderr]).toEqual([
    1,
    expect.stringContaining('already exists and contains'),
  ]);
  const nobody = await run('org/export.ts', ['--org', 'nobody', '--to', folder()]);
  expect([nobody.exitCode, nobody.stderr]).toEqual([1, expect.stringContaining('no organization "nobody"')]);
  const dry = await run('org/import.ts', ['--from', to, '--slug', 'new', '--dry-run']);
  expect([dry.exitCode, dry.stderr]).toEqual([1, expect.stringContaining('is here already')]);
  const empty = await run('org/import.ts', ['--from', dirname(to)]);
  expect([empty.exitCode, empty.stderr]).toEqual([1, expect.stringContaining('there is no export')]);
});

test.each(['org/export.ts', 'org/import.ts', 'org/erase.ts'])('%s --help shows examples', async (script) => {
  const { exitCode, stdout } = await runCommand(script, ['--help']);
  expect([exitCode, stdout]).toEqual([0, expect.stringContaining('Examples:')]);
});
