import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from 'pg';
import { beforeAll, expect, test } from 'vitest';
import { importOrganization } from '#portability/import.ts';
import { verifyExport } from '#portability/verify.ts';
import type { LoginRole } from '#scripts/local/logins.ts';
import { type Caller, openWorld } from '#tests/world.ts';
import {
  digests,
  exportTo,
  fillTenant,
  openCell,
  openFolder,
  outcome,
  suspend,
} from './portability-world.ts';
import { forge, type Spoil, spoiledExports } from './spoiled-exports.ts';

const world = openWorld();
const cell = openCell();
const folder = openFolder();
let tenant: Caller;
let other: Caller;
let good: string;
let admin: Client;
let there: Client;

beforeAll(async () => {
  [tenant, other] = [await world.createOrganization(), await world.createOrganization()];
  for (const each of [tenant, other]) await fillTenant(world, each, 'ada@example.com');
  await suspend(world, tenant.slug);
  good = folder('good');
  await exportTo(world, tenant.id, good);
  admin = await cell.connect('stockade_admin');
  there = await cell.superuser();
});

/** A spoiled copy of the export. */
async function spoiled(spoil: Spoil): Promise<string> {
  const copy = folder();
  await cp(good, copy, { recursive: true });
  await spoil(copy, { own: tenant.id, other: other.id });
  return copy;
}

test.each(spoiledExports)(
  '%s is refused, by a dry run too, and nothing is left of it',
  async (_, spoil, message) => {
    const copy = await spoiled(spoil);
    const before = await digests(there);
    await expect(importOrganization(admin, { from: copy, dryRun: true })).rejects.toThrow(message);
    await expect(importOrganization(admin, { from: copy })).rejects.toThrow(message);
    expect(await digests(there)).toEqual(before);
  },
);

test('the export itself is whole, a dry run says so and writes nothing', async () => {
  const before = await digests(there);
  await verifyExport(good);
  const tried = await importOrganization(admin, { from: good, dryRun: true });
  expect(await digests(there)).toEqual(before);
  expect(tried).toMatchObject({ slug: tenant.slug, usersCreated: 1 });
});

test('an organization or slug that is there is not imported over; another slug helps with the latter', async () => {
  const occupant = await world.createOrganization();
  await suspend(world, occupant.slug);
  const first = await importOrganization(admin, { from: good });
  expect(first.slug).toBe(tenant.slug);
  const before = await digests(there);
  expect(await outcome(importOrganization(admin, { from: good }))).toBe('SK504');
  expect(await outcome(importOrganization(admin, { from: good, slug: 'elsewhere' }))).toBe('SK504');

  const to = folder();
  await exportTo(world, occupant.id, to);
  expect(await outcome(importOrganization(admin, { from: to, slug: tenant.slug }))).toBe('SK504');
  expect(await digests(there)).toEqual(before);
  const renamed = await importOrganization(admin, { from: to, slug: 'elsewhere' });
  expect(renamed.slug).toBe('elsewhere');
  const back = await exportTo(cell, occupant.id, folder());
  expect(back.organization).toMatchObject({ id: occupant.id, slug: 'elsewhere' });
});

test('an organization whose balances have drifted from its history is exported, but not taken for sound', async () => {
  const drifted = await world.createOrganization();
  await fillTenant(world, drifted, 'ada@example.com');
  const superuser = await world.superuser();
  await superuser.query(
    `update inventory.balances set on_hand = on_hand + 1 where org_id = $1 and version = 1`,
    [drifted.id],
  );
  const to = folder();
  await exportTo(world, drifted.id, to);
  for (const dryRun of [true, false]) {
    expect(await outcome(importOrganization(admin, { from: to, dryRun }))).toBe('SK505');
  }
});

test('no role can do more than its part', async () => {
  const calls = {
    'tenancy.begin_export()': ['stockade_jobs'],
    "tenancy.open_export('inventory.items')": ['stockade_jobs'],
    'tenancy.portable_schema()': ['stockade_jobs', 'stockade_admin'],
    "tenancy.begin_import('{}', null)": ['stockade_admin'],
    "tenancy.import_users('{}')": ['stockade_admin'],
    "tenancy.import_rows('inventory.items', '{}', '{}')": ['stockade_admin'],
    "tenancy.finish_import('x', '{}')": ['stockade_admin'],
    "tenancy.erase_organization(gen_random_uuid(), '')": ['stockade_admin'],
    "tenancy.write_lines('inventory.items', '{}', null, '{}')": [],
    'tenancy.receipt(gen_random_uuid())': [],
    "tenancy.digest_tables(gen_random_uuid(), null, '{}')": [],
    'tenancy.tenant_tables()': [],
  } as Record<string, LoginRole[]>;
  for (const role of ['stockade_api', 'stockade_jobs', 'stockade_admin'] as const) {
    const client = await cell.connect(role);
    for (const [call, allowed] of Object.entries(calls)) {
      const code = await outcome(client.query(`select ${call}`));
      expect([role, call, code === '42501' ? 'denied' : 'allowed']).toEqual([
        role,
        call,
        allowed.includes(role) ? 'allowed' : 'denied',
      ]);
    }
    expect([role, await outcome(client.query('delete from tenancy.erasures'))]).toEqual([role, '42501']);
    expect([role, await outcome(client.query('select secret_digest from tenancy.api_keys'))]).toEqual([
      role,
      '42501',
    ]);
  }
});

test('rows go only into the organization of the import that was begun, and never into one that exists', async () => {
  const client = await world.connect('stockade_admin');
  const line = (await readFile(join(good, 'inventory.items.ndjson'), 'utf8')).split('\n')[0] ?? '';
  const write = (text: string) =>
    client.query(`select tenancy.import_rows('inventory.items', $1, '{}')`, [[text]]);
  expect(await outcome(write(line))).toBe('SK902');

  const organization = (id: string, slug: string) =>
    JSON.stringify({ id, slug, name: 'X', status: 'active', max_concurrency: 1, created_at: '2020-01-01' });
  const begin = (id: string, slug: string) =>
    client.query('select tenancy.begin_import($1, null)', [organization(id, slug)]);
  const fresh = '00000000-0000-7000-8000-000000000001';
  const attempts: [string, () => Promise<unknown>, string][] = [
    ['an organization that exists', () => begin(other.id, 'new-slug'), 'SK504'],
    ['a slug that exists', () => begin(fresh, other.slug), 'SK504'],
    ['a row of another organization', () => begin(fresh, 'new-slug').then(() => write(line)), '42501'],
    [
      'a line without an id',
      () => client.query(`select tenancy.begin_import('{"slug": "new-slug"}', null)`),
      'SK505',
    ],
    [
      'a line without a slug, and none given',
      () => client.query(`select tenancy.begin_import('{"id": "${fresh}"}', null)`),
      'SK505',
    ],
    [
      'a table of the platform',
      () =>
        begin(fresh, 'new-slug').then(() =>
          client.query(`select tenancy.import_rows('tenancy.context_keys', '{}', '{}')`),
        ),
      'SK505',
    ],
    [
      'a second organization in one transaction',
      () => begin(fresh, 'new-slug').then(() => begin(fresh.replace(/1$/, '2'), 'newer-slug')),
      'SK902',
    ],
  ];
  for (const [what, attempt, code] of attempts) {
    await client.query('begin');
    expect([what, await outcome(attempt())]).toEqual([what, code]);
    await client.query('rollback');
  }
  // What was begun in one transaction is over in the next.
  await client.query('begin');
  await begin(fresh, 'new-slug');
  const { rows } = await client.query(`select current_setting('stockade.context') as context`);
  await client.query('rollback');
  await client.query('begin');
  await client.query(`select set_config('stockade.context', $1, true)`, [rows[0].context]);
  expect(await outcome(write(line.replace(tenant.id, fresh)))).toBe('SK901');
  await client.query('rollback');
});

test('an import of a tampered user changes nobody who is here', async () => {
  const superuser = await cell.superuser();
  const victim = await superuser.query(
    `insert into tenancy.users (email, name) values ('victim@example.com', 'Victim') returning id`,
  );
  const source = await world.createOrganization();
  await fillTenant(world, source, 'eve@example.com');
  const to = folder();
  await exportTo(world, source.id, to);
  const { rows } = await (await world.superuser()).query(
    `select id from tenancy.users where email = 'eve@example.com'`,
  );
  const swap = (lines: string[]) => lines.map((line) => line.replaceAll(rows[0].id, victim.rows[0].id));
  await forge(to, 'tenancy.users', swap);
  await forge(to, 'tenancy.memberships', swap);
  const before = await superuser.query(
    `select u.*, u::text from tenancy.users u where email = 'victim@example.com'`,
  );
  const report = await importOrganization(admin, { from: to });
  const after = await superuser.query(
    `select u.*, u::text from tenancy.users u where email = 'victim@example.com'`,
  );
  expect(after.rows).toEqual(before.rows);
  expect(Object.keys(report.usersRenamed)).toEqual([victim.rows[0].id]);
  const members = await superuser.query(
    'select email from tenancy.memberships join tenancy.users on id = user_id where org_id = $1',
    [source.id],
  );
  expect(members.rows).toEqual([{ email: 'eve@example.com' }]);
});

test('a forged membership names no user of this database whom the export does not name', async () => {
  const superuser = await cell.superuser();
  const { rows } = await superuser.query(
    `insert into tenancy.users (email) values ('bystander@example.com') returning id`,
  );
  const source = await world.createOrganization();
  await fillTenant(world, source, 'eve@example.com');
  const to = folder();
  await exportTo(world, source.id, to);
  await superuser.query(
    `insert into tenancy.users (email) values ('eve@example.com') on conflict do nothing`,
  );
  // The digest of users is compared only when all of them are new here, and Eve is not.
  await forge(to, 'tenancy.memberships', ([own = '', ...more]) => [
    own,
    ...more,
    own.replace(/"user_id":"[^"]+"/, `"user_id":"${rows[0].id}"`),
  ]);
  const before = await digests(superuser);
  await expect(importOrganization(admin, { from: to })).rejects.toThrow(
    /a line of tenancy.memberships lacks a value, or names a user whom the export does not name/,
  );
  expect(await digests(superuser)).toEqual(before);
});
