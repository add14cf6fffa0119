import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from 'pg';
import { beforeAll, expect, test } from 'vitest';
import { sealOrganization } from '#audit/seals/seal-organization.ts';
import { beat } from '#recovery/heartbeat.ts';
import { withRole } from '#scripts/cli/database/connect.ts';
import { resumeOrganization } from '#tenancy/suspension.ts';
import {
  digests,
  exportTo,
  fillTenant,
  openFolder,
  suspend,
} from '#tests/isolation/portability/portability-world.ts';
import { run } from '../../commands/run.ts';
import { type Caller, openWorld } from '../../world.ts';
import { openCopies } from '../restored-copy.ts';

const world = openWorld();
const copyOf = openCopies();
const folder = openFolder();
let superuser: Client;
let tenant: Caller;
let quiet: Caller;
let copy: string;

/** Creates the tenant of one test, and a copy that contains it. */
async function freshTenant(): Promise<void> {
  tenant = await world.createOrganization();
  await fillTenant(world, tenant, `${tenant.slug}@example.com`);
  copy = await copyOf(world.adminUrl);
  superuser = await world.superuser();
}

beforeAll(async () => {
  quiet = await world.createOrganization('quiet');
  await fillTenant(world, quiet, 'quiet@example.com');
});

/** Runs the command; `code` is the exit code, `json` the answer or the error. */
async function restore(...args: string[]) {
  const { exitCode, stdout, stderr } = await run(
    'recovery/restore-org.ts',
    ['--org', tenant.slug, '--from', copy, '--yes', '--json', ...args],
    { DATABASE_URL: world.adminUrl },
  );
  // biome-ignore lint/suspicious/noExplicitAny: the tests assert its shape
  return { code: exitCode, json: JSON.parse(stdout || stderr) as any };
}

const resume = () =>
  withRole(world.adminUrl, 'stockade_admin', (admin) => resumeOrganization(admin, tenant.slug));

/** Runs a statement as a superuser without any triggers. */
async function withoutTriggers(table: string, statement: string, values: unknown[]): Promise<void> {
  const { rows } = await superuser.query(
    'select tgname as name from pg_trigger where tgrelid = $1::regclass and not tgisinternal',
    [table],
  );
  await superuser.query(`alter table ${table} disable trigger all`);
  await superuser.query(statement, values);
  await superuser.query(`alter table ${table} enable trigger all`);
  for (const { name } of rows) await superuser.query(`alter table ${table} enable always trigger ${name}`);
}

/** The number of balances that differ from their movements. */
async function wrongBalances(): Promise<number> {
  const { rows } = await superuser.query(
    `select count(*)::int as n
     from (
       select item_id, location_id, lot, sum(quantity) as on_hand, count(*) as version
       from inventory.movements where org_id = $1 group by 1, 2, 3
     ) m
     full join (select * from inventory.balances where org_id = $1) b using (item_id, location_id, lot)
     where (m.on_hand, m.version) is distinct from (b.on_hand, b.version)`,
    [tenant.id],
  );
  return rows[0].n;
}

test('one organization is restored as it was while others work, and nobody else notices', async () => {
  const busy = await world.createOrganization();
  await busy.item('NUT');
  await busy.location('MAIN');
  await freshTenant();
  const second = await tenant.request('POST', '/v1/api-keys', {
    name: 'second',
    scopes: ['read', 'write', 'admin'],
  });
  expect(second.status).toBe(201);
  await tenant.post('receipt', { sku: 'LOTTED', location: 'MAIN', lot: 'late', quantity: 9 });
  await tenant.item('LATE');
  const renamed = await tenant.request('PATCH', '/v1/items/BOLT', { name: 'spoiled' });
  expect(renamed.status).toBe(200);
  const firstKey = tenant.apiKey.split('_')[2] ?? '';
  await superuser.query('update tenancy.api_keys set revoked_at = now() where org_id = $1 and key_id = $2', [
    tenant.id,
    firstKey,
  ]);
  await suspend(world, tenant.slug);
  const before = await exportTo(world, quiet.id, folder());

  let working = true;
  const statuses: number[] = [];
  const load = (async () => {
    while (working) {
      const { status } = await busy.request('POST', '/v1/movements', {
        kind: 'receipt',
        lines: [{ sku: 'NUT', location: 'MAIN', quantity: 1 }],
      });
      statuses.push(status);
    }
  })();
  const dry = await restore('--dry-run');
  const { code, json } = await restore(
    '--keep',
    join(folder(), 'in', 'folders', 'that', 'are', 'not', 'there', 'kept'),
  );
  working = false;
  await load;

  const itemsOf = (report: typeof json) =>
    report.differences.find(({ table }: { table: string }) => table === 'inventory.items');
  expect([dry.code, itemsOf(dry.json)]).toEqual([
    0,
    expect.objectContaining({ since: 1, changed: 1, lost: 0 }),
  ]);
  expect([code, json]).toEqual([0, expect.anything()]);
  expect(json.restored.others).toEqual({ organizations: 2, unchanged: 1, changedByThemselves: 1 });
  expect(statuses.length).toBeGreaterThan(5);
  expect(new Set(statuses)).toEqual(new Set([201]));
  expect(await busy.onHand('NUT')).toBe(statuses.length);
  expect((await exportTo(world, quiet.id, folder())).receipt).toBe(before.receipt);

  await resume();
  expect((await tenant.request('GET', '/v1/items/BOLT')).status).toBe(401);
  const now = { ...tenant, apiKey: second.body.apiKey ?? second.body.key };
  const get = (path: string) => world.request('GET', path, undefined, { 'x-api-key': now.apiKey });
  expect((await get('/v1/items/BOLT')).body.name).toBe('BOLT');
  expect((await get('/v1/items/LATE')).status).toBe(404);
  expect(await wrongBalances()).toBe(0);
  expect(existsSync(join(json.restored.before, 'manifest.json'))).toBe(true);
  const { rows } = await superuser.query(
    'select mode, others::int, others_changed::int from recovery.restorations where organization_id = $1',
    [tenant.id],
  );
  expect(rows).toEqual([{ mode: 'as_it_was', others: 2, others_changed: 1 }]);
}, 120_000);

test('--merge restores what was lost, sealed or not, and keeps what came since', async () => {
  await freshTenant();
  const { rows: entries } = await superuser.query(
    'select id from inventory.entries where org_id = $1 order by id limit 3',
    [tenant.id],
  );
  const ids = entries.map(({ id }) => id);
  await superuser.query('begin');
  await withoutTriggers('inventory.movements', 'delete from inventory.movements where entry_id = any ($1)', [
    ids,
  ]);
  await withoutTriggers('inventory.entries', 'delete from inventory.entries where id = any ($1)', [ids]);
  await superuser.query(`delete from tenancy.api_keys where org_id = $1`, [tenant.id]);
  await superuser.query('commit');
  await superuser.query(`update inventory.items set name = 'kept' where org_id = $1 and sku = 'BOLT'`, [
    tenant.id,
  ]);
  await suspend(world, tenant.slug);

  const { code, json } = await restore('--merge');
  expect([code, json]).toEqual([0, expect.anything()]);
  expect(json.restored).toMatchObject({ keysRevoked: 1 });
  expect(await wrongBalances()).toBe(0);
  const { rows } = await superuser.query(
    `select (select count(*)::int from inventory.movements where org_id = $1 and entry_id = any ($2)) as movements,
       (select name from inventory.items where org_id = $1 and sku = 'BOLT') as name`,
    [tenant.id, ids],
  );
  expect(rows).toEqual([{ movements: 3, name: 'kept' }]);
  await resume();
  expect((await tenant.request('GET', '/v1/items/BOLT')).status).toBe(401);
  await suspend(world, tenant.slug);
  const again = await restore('--merge');
  expect([again.code, again.json.restored]).toEqual([0, undefined]);
}, 60_000);

test('the time of a copy is that of its heartbeat, or else of its newest row, and it is recorded', async () => {
  await freshTenant();
  const { rows } = await superuser.query(
    'select max(recorded_at) as at from inventory.entries where org_id = $1',
    [tenant.id],
  );
  const since = await restore('--dry-run');
  expect([since.json.copiedAt, since.json.copiedAtBy]).toEqual([rows[0].at.toISOString(), 'newest row']);
  // The command did not create the copy, so it does not offer to delete it.
  expect(since.json.copy).toBeNull();

  const at = await withRole(world.adminUrl, 'stockade_jobs', beat);
  copy = await copyOf(world.adminUrl);
  superuser = await world.superuser();
  await tenant.item('LATE');
  // The copy is older: the newest heartbeat of production does not count.
  await withRole(world.adminUrl, 'stockade_jobs', beat);
  await suspend(world, tenant.slug);
  const { code, json } = await restore();
  expect([code, json.copiedAt, json.copiedAtBy]).toEqual([0, at.toISOString(), 'heartbeat']);
  const written = await superuser.query(
    'select copied_at from recovery.restorations where organization_id = $1',
    [tenant.id],
  );
  expect(written.rows).toEqual([{ copied_at: at }]);
}, 60_000);

test('a restoration that would undo a seal is refused, and changes nothing', async () => {
  await freshTenant();
  await tenant.post('receipt', { sku: 'LOTTED', location: 'MAIN', lot: 'late', quantity: 9 });
  await sealOrganization(await world.connect('stockade_jobs'), tenant.id, { mostMovements: 4 });
  await suspend(world, tenant.slug);
  const before = await digests(superuser);
  const dry = await restore('--dry-run');
  expect(dry).toMatchObject({ code: 1, json: { obstacle: {} } });
  expect([dry.code, dry.json.obstacle.message]).toEqual([
    1,
    expect.stringMatching(/has \d+ seals? that the copy lacks/),
  ]);
  const refused = await restore();
  expect([refused.code, refused.json.error.message]).toEqual([
    1,
    expect.stringMatching(/has \d+ seals? that the copy lacks/),
  ]);
  expect(await digests(superuser)).toEqual(before);
}, 60_000);

test('an organization that is active or was erased is refused', async () => {
  await freshTenant();
  const active = await restore();
  expect([active.code, active.json.error.message]).toEqual([1, expect.stringContaining('is active')]);
  const receipt = folder();
  await suspend(world, tenant.slug);
  await exportTo(world, tenant.id, receipt);
  const args = ['--org', tenant.slug, '--receipt', join(receipt, 'manifest.json'), '--yes'];
  expect((await run('org/erase.ts', args, { DATABASE_URL: world.adminUrl })).exitCode).toBe(0);
  const erased = await restore();
  expect([erased.code, erased.json.error.message]).toEqual([
    1,
    expect.stringContaining('was erased on purpose at'),
  ]);
}, 60_000);

test.each([
  [
    'written',
    'update inventory.items set name = name || $$!$$ where org_id = %L',
    'wrote rows of other organizations',
  ],
  [
    'deleted',
    'delete from inventory.import_rejects where org_id = %L',
    'of inventory.import_rejects, but the organization has',
  ],
])(
  'rows of another organization that are %s meanwhile undo everything',
  async (_, statement, refusal) => {
    await freshTenant();
    await tenant.item('LATE');
    await suspend(world, tenant.slug);
    await superuser.query(
      `do $do$ begin execute format(
       $f$create function public.sabotage() returns trigger language plpgsql security definer as
       $body$ begin ${statement}; return null; end $body$ $f$, $1); end $do$`.replace('$1', `'${quiet.id}'`),
    );
    await superuser.query(
      'create trigger sabotage after insert on inventory.locations for each statement execute function public.sabotage()',
    );
    const before = await digests(superuser);
    const { code, json } = await restore();
    expect([code, json.error.message]).toEqual([1, expect.stringContaining(refusal)]);
    expect(await digests(superuser)).toEqual(before);
    await superuser.query('drop function public.sabotage() cascade');
  },
  60_000,
);
