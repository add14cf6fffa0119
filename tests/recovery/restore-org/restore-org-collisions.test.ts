import type { Client } from 'pg';
import { beforeAll, expect, test } from 'vitest';
import { readUniqueKeys } from '#portability/restore-org/table-keys.ts';
import { withRole } from '#scripts/cli/database/connect.ts';
import { resumeOrganization } from '#tenancy/suspension.ts';
import { digests, fillTenant, suspend } from '#tests/isolation/portability/portability-world.ts';
import { run } from '../../commands/run.ts';
import { type Caller, openWorld } from '../../world.ts';
import { openCopies } from '../restored-copy.ts';

const world = openWorld();
const copyOf = openCopies();
let superuser: Client;
let tenant: Caller;
let copy: string;
/** The reversed entry, and its first reversal. */
let reversed: string;
let reversal: string;

beforeAll(async () => {
  tenant = await world.createOrganization();
  await fillTenant(world, tenant, 'ada@example.com');
  await tenant.item('ZZ-1');
  await tenant.location('BAY 1');
  await tenant.item('NEVER-MOVED');
  await tenant.location('NEVER USED');
  await tenant.post('receipt', { sku: 'ZZ-1', location: 'BAY 1', quantity: 5 });
  const posted = await tenant.post('receipt', { sku: 'Ü 日本💡', location: 'MAIN', quantity: 1 });
  reversed = posted.body.entryId;
  reversal = (await tenant.request('POST', `/v1/entries/${reversed}/reversal`, {})).body.entryId;
  copy = await copyOf(world.adminUrl);
  superuser = await world.superuser();
}, 60_000);

async function restore(...args: string[]) {
  const { exitCode, stdout, stderr } = await run(
    'recovery/restore-org.ts',
    ['--org', tenant.slug, '--from', copy, '--merge', '--yes', '--json', ...args],
    { DATABASE_URL: world.adminUrl },
  );
  // biome-ignore lint/suspicious/noExplicitAny: the tests assert its shape
  return { code: exitCode, json: JSON.parse(stdout || stderr) as any };
}

/** Expects that the dry run and the real run refuse with the same error, and change nothing. Returns the error. */
async function refused(): Promise<{ message: string; remedy: string }> {
  const before = await digests(superuser);
  const dry = await restore('--dry-run');
  const { code, json } = await restore();
  expect([dry.code, code, json.error]).toEqual([1, 1, dry.json.obstacle]);
  expect(await digests(superuser)).toEqual(before);
  return json.error;
}

const resume = () =>
  withRole(world.adminUrl, 'stockade_admin', (admin) => resumeOrganization(admin, tenant.slug));

/** Deletes rows as a superuser can. */
async function lose(statements: Record<string, string>, values: unknown[]): Promise<void> {
  await superuser.query('begin');
  await superuser.query('set local session_replication_role = replica');
  for (const [table, where] of Object.entries(statements)) {
    const { rows } = await superuser.query<{ name: string }>(
      'select tgname as name from pg_trigger where tgrelid = $1::regclass and not tgisinternal',
      [table],
    );
    for (const { name } of rows) await superuser.query(`alter table ${table} disable trigger ${name}`);
    await superuser.query(`delete from ${table} where org_id = $1 and ${where}`, [tenant.id, ...values]);
    for (const { name } of rows) await superuser.query(`alter table ${table} enable always trigger ${name}`);
  }
  await superuser.query('commit');
}

async function idOf(table: string, column: string, code: string): Promise<string> {
  const { rows } = await superuser.query(`select id from ${table} where org_id = $1 and ${column} = $2`, [
    tenant.id,
    code,
  ]);
  return rows[0].id;
}

test('an item and a location that were lost and created again are reported; after a rename, old and new exist', async () => {
  const lost = [
    await idOf('inventory.items', 'sku', 'ZZ-1'),
    await idOf('inventory.locations', 'code', 'BAY 1'),
  ];
  const { rows } = await superuser.query(
    'select entry_id as id from inventory.movements where org_id = $1 and item_id = $2',
    [tenant.id, lost[0]],
  );
  const entry = rows[0].id;
  await lose({ 'inventory.movements': 'entry_id = $2', 'inventory.entries': 'id = $2' }, [entry]);
  await lose({ 'inventory.balances': 'item_id = $2', 'inventory.items': 'id = $2' }, [lost[0]]);
  await lose({ 'inventory.locations': 'id = $2' }, [lost[1]]);
  await tenant.item('ZZ-1', { name: 'again' });
  await tenant.location('BAY 1');
  await tenant.post('receipt', { sku: 'ZZ-1', location: 'BAY 1', quantity: 2 });
  const made = [
    await idOf('inventory.items', 'sku', 'ZZ-1'),
    await idOf('inventory.locations', 'code', 'BAY 1'),
  ];
  await suspend(world, tenant.slug);

  const { message, remedy } = await refused();
  expect(message).toContain(
    `inventory.items has sku "ZZ-1" as ${lost[0]} in the copy and as ${made[0]} in production`,
  );
  expect(message).toContain(
    `inventory.locations has code "BAY 1" as ${lost[1]} in the copy and as ${made[1]} in production`,
  );
  expect(remedy).toMatch(/^Nothing was changed\./);
  const renames = [...remedy.matchAll(/PATCH (\S+) with \{"(sku|code)": "…"\}/g)];
  expect(renames.map(([, path]) => path)).toEqual([`/v1/items/${made[0]}`, `/v1/locations/${made[1]}`]);

  await resume();
  for (const [, path = '', field = ''] of renames) {
    expect((await tenant.request('PATCH', path, { [field]: 'SINCE' })).status).toBe(200);
  }
  await suspend(world, tenant.slug);
  expect(await restore()).toMatchObject({ code: 0, json: { restored: {} } });
  await resume();
  expect([await tenant.onHand('ZZ-1'), await tenant.onHand('SINCE')]).toEqual([5, 2]);
}, 60_000);

test('an item that the API deleted and created again stays as it is: nothing refers to the old one', async () => {
  const before = await idOf('inventory.items', 'sku', 'NEVER-MOVED');
  for (const path of ['/v1/items/NEVER-MOVED', '/v1/locations/NEVER%20USED'])
    expect((await tenant.request('DELETE', path)).status).toBe(204);
  await tenant.item('NEVER-MOVED', { name: 'again' });
  await tenant.location('NEVER USED');
  await lose({ 'inventory.import_rejects': 'true' }, []);
  await suspend(world, tenant.slug);
  const there = await idOf('inventory.items', 'sku', 'NEVER-MOVED');
  const leftOut = [
    expect.objectContaining({ table: 'inventory.items', values: ['NEVER-MOVED'], lost: before, there }),
    expect.objectContaining({ table: 'inventory.locations', values: ['NEVER USED'] }),
  ];
  expect(await restore('--dry-run')).toMatchObject({ code: 0, json: { leftOut } });
  expect(await restore()).toMatchObject({ code: 0, json: { leftOut, restored: {} } });
  const again = await restore();
  expect(again).toMatchObject({ code: 0, json: { leftOut } });
  expect(again.json.restored).toBeUndefined();
  await resume();
  expect((await tenant.request('GET', '/v1/items/NEVER-MOVED')).body.name).toBe('again');
}, 60_000);

test('a second reversal, a second import and another user, which cannot be renamed, are reported too', async () => {
  await lose({ 'inventory.movements': 'entry_id = $2', 'inventory.entries': 'id = $2' }, [reversal]);
  const again = await tenant.request('POST', `/v1/entries/${reversed}/reversal`, {});
  expect(again.status).toBe(201);
  const importId = await idOf('inventory.imports', 'file_name', 'stock ü.csv');
  await superuser.query('begin');
  await superuser.query('set local session_replication_role = replica');
  await superuser.query(
    'update inventory.imports set id = inventory.new_id() where org_id = $1 and id = $2',
    [tenant.id, importId],
  );
  await superuser.query(
    `with again as (update tenancy.users set id = inventory.new_id() where email = 'ada@example.com' returning id)
     update tenancy.memberships set user_id = again.id from again where org_id = $1`,
    [tenant.id],
  );
  await superuser.query('commit');
  await suspend(world, tenant.slug);

  const { message, remedy } = await refused();
  for (const collision of [
    `inventory.entries has reverses "${reversed}" as ${reversal} in the copy and as ${again.body.entryId} in production`,
    /inventory\.imports has file_digest, profile_digest "\S+", "\S+" as \S+ in the copy and as \S+ in production/,
    /tenancy\.users has email "ada@example\.com" as \S+ in the copy and as \S+ in production/,
  ])
    expect(message).toMatch(collision);
  expect(remedy).toContain('without --merge');
}, 60_000);

test('every unique key of the tables of an organization is compared', async () => {
  const known = await readUniqueKeys(superuser);
  const { rows } = await superuser.query<{ table: string; name: string }>(
    `select format('%I.%I', n.nspname, c.relname) as table, i.relname as name
     from pg_index x
     join pg_class i on i.oid = x.indexrelid
     join pg_class c on c.oid = x.indrelid
     join pg_namespace n on n.oid = c.relnamespace
     where x.indisunique and not x.indisprimary
       and (c.oid = any (tenancy.tenant_tables()) or c.oid = 'tenancy.users'::regclass)`,
  );
  const missed = rows.filter(({ table, name }) => !known.get(table)?.some((key) => key.name === name));
  expect(rows.length).toBeGreaterThan(4);
  expect(missed).toEqual([]);
});
