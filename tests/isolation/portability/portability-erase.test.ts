import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from 'pg';
import { beforeAll, expect, test, vi } from 'vitest';
import { eraseOrganization } from '#portability/erase.ts';
import { readManifest } from '#portability/manifest.ts';
import { parseApiKey } from '#tenancy/credentials/api-keys.ts';
import { resumeOrganization } from '#tenancy/suspension.ts';
import { assignUser } from '#tenancy/users.ts';
import { type Caller, openWorld } from '#tests/world.ts';
import {
  act,
  digests,
  exportTo,
  fillTenant,
  openFolder,
  outcome,
  suspend,
  tablesWith,
} from './portability-world.ts';

const world = openWorld();
const folder = openFolder();
let superuser: Client;
let admin: Client;
let bystander: Caller;

beforeAll(async () => {
  [superuser, admin] = [await world.superuser(), await world.connect('stockade_admin')];
  bystander = await world.createOrganization();
  await fillTenant(world, bystander, 'bystander@example.com');
});

/** A suspended organization with a member of its own. */
async function suspended(email = `ada-${randomUUID()}@example.com`): Promise<Caller> {
  const tenant = await world.createOrganization();
  await fillTenant(world, tenant, email);
  await suspend(world, tenant.slug);
  return tenant;
}

/** Enters an organization as a request does, in a transaction that stays open. */
async function request(tenant: Caller): Promise<Client> {
  const api = await world.connect('stockade_api');
  const key = parseApiKey(tenant.apiKey, 'test');
  await api.query('begin');
  await api.query('call tenancy.enter_with_key($1, $2, $3, $4)', [
    key?.keyId,
    key?.secretDigest,
    'write',
    [],
  ]);
  return api;
}

const receipt = (slug: string, path: string, ...more: string[]) =>
  act('org/erase.ts', world.adminUrl, ['--org', slug, '--receipt', path, ...more]);

test('what is erased leaves one record, and nobody else loses anything', async () => {
  const tenant = await suspended();
  const manifest = await exportTo(world, tenant.id, folder());
  const others = await digests(superuser, tenant.id);
  const all = await digests(superuser);

  const dry = await eraseOrganization(admin, { slug: tenant.slug, receipt: manifest, dryRun: true });
  expect(await digests(superuser)).toEqual(all);

  const counts = await eraseOrganization(admin, { slug: tenant.slug, receipt: manifest });
  expect(counts).toEqual(dry);
  expect(counts).toEqual(Object.fromEntries(manifest.tables.map(({ name, rows }) => [name, rows])));
  expect(await tablesWith(superuser, tenant.id)).toEqual({ 'tenancy.erasures': 1 });
  const { 'tenancy.users': _, ...expected } = others;
  expect(await digests(superuser, tenant.id)).toMatchObject(expected);

  const { rows } = await superuser.query('select * from tenancy.erasures where organization_id = $1', [
    tenant.id,
  ]);
  expect(rows).toEqual([
    {
      id: expect.any(String),
      organization_id: tenant.id,
      receipt: Buffer.from(manifest.receipt, 'hex'),
      row_counts: counts,
      erased_at: expect.any(Date),
      erased_by: 'stockade_admin',
    },
  ]);
  expect(JSON.stringify(rows)).not.toContain(tenant.slug);
  expect((await tenant.request('GET', '/v1/items')).status).toBe(401);
  expect((await bystander.request('GET', '/v1/items')).status).toBe(200);
});

test('users who belong to no other organization go, the others stay', async () => {
  const [tenant, other] = [await world.createOrganization(), await world.createOrganization()];
  const assign = (email: string, organization: string) =>
    assignUser(admin, { email, organization, role: 'clerk' });
  await assign('only@example.com', tenant.slug);
  await assign('both@example.com', tenant.slug);
  await assign('both@example.com', other.slug);
  await assign('left@example.com', tenant.slug);
  const emails = async () => {
    const { rows } = await superuser.query(
      `select email from tenancy.users where email in ('only@example.com', 'both@example.com', 'left@example.com') order by 1`,
    );
    return rows.map(({ email }) => email);
  };
  // A row of another organization names somebody who is a member of the first alone.
  await superuser.query(`
    create table inventory.signatures (
      org_id uuid not null, user_id uuid not null references tenancy.users (id), primary key (org_id, user_id)
    );
    alter table inventory.signatures owner to stockade_owner;
    alter table inventory.signatures enable row level security;
    alter table inventory.signatures force row level security;
    create policy tenant on inventory.signatures
      using (org_id = (select tenancy.current_org())) with check (org_id = (select tenancy.current_org()))`);
  await superuser.query(
    `insert into inventory.signatures select $1, id from tenancy.users where email = 'left@example.com'`,
    [other.id],
  );
  await suspend(world, tenant.slug);
  const manifest = await exportTo(world, tenant.id, folder());
  const counts = await eraseOrganization(admin, { slug: tenant.slug, receipt: manifest });
  expect(counts['tenancy.users']).toBe(1);
  expect(await emails()).toEqual(['both@example.com', 'left@example.com']);
  await superuser.query('drop table inventory.signatures');
});

test('without a receipt of exactly what is there, nothing is erased', async () => {
  const [tenant, other] = [await suspended(), await suspended()];
  const to = folder();
  const manifest = await exportTo(world, tenant.id, to);
  const all = await digests(superuser);
  const erase = (slug: string, given = manifest) =>
    outcome(eraseOrganization(admin, { slug, receipt: given }));

  expect(await erase('nowhere')).toContain('there is no organization "nowhere"');
  expect(await erase(other.slug)).toContain(`the receipt belongs to ${tenant.slug}`);
  expect(await erase(tenant.slug, { ...manifest, receipt: '0'.repeat(64) })).toBe('SK502');
  const path = join(to, 'manifest.json');
  const altered = join(to, 'altered.json');
  await writeFile(altered, (await readFile(path, 'utf8')).replace(/"rows": [1-9]\d*/, '"rows": 99'));
  expect(await outcome(readManifest(altered))).toContain('was altered');
  expect(await digests(superuser)).toEqual(all);

  // An item renamed, its old name given back: the same again.
  const change = async (name: string) => {
    await superuser.query(`update inventory.items set name = $2 where org_id = $1 and sku = 'BOLT'`, [
      tenant.id,
      name,
    ]);
  };
  await change('Nut');
  expect(await erase(tenant.slug)).toBe('SK502');
  await change('BOLT');
  await resumeOrganization(admin, tenant.slug);
  expect(await erase(tenant.slug)).toBe('SK501');
  // What was exported while it worked is a copy, not a receipt.
  const copy = await exportTo(world, tenant.id, folder());
  await suspend(world, tenant.slug);
  expect(await erase(tenant.slug, copy)).toBe('SK502');
  expect(await erase(tenant.slug, await exportTo(world, tenant.id, folder()))).toBe('done');
});

test('the command asks, and without a terminal it needs --yes', async () => {
  const tenant = await suspended();
  const to = folder();
  await exportTo(world, tenant.id, to);
  const path = join(to, 'manifest.json');
  const asked = await receipt(tenant.slug, path);
  expect([asked.code, asked.json.error.message]).toEqual([2, 'there is no terminal to ask on']);
  const dry = await receipt(tenant.slug, path, '--dry-run');
  expect([dry.code, dry.json]).toEqual([0, expect.objectContaining({ dryRun: true })]);
  expect((await receipt(tenant.slug, path, '--yes')).code).toBe(0);
  const gone = await receipt(tenant.slug, path, '--yes');
  expect([gone.code, gone.json.error.message]).toEqual([1, `there is no organization "${tenant.slug}"`]);
});

test('ten erasures at once: one erases, nine find nothing', async () => {
  const tenant = await suspended();
  const manifest = await exportTo(world, tenant.id, folder());
  const others = await digests(superuser, tenant.id);
  const admins = await Promise.all(Array.from({ length: 10 }, () => world.connect('stockade_admin')));
  const outcomes = await Promise.all(
    admins.map((each) => outcome(eraseOrganization(each, { slug: tenant.slug, receipt: manifest }))),
  );
  const isNone = (each: string) => /SK404|there is no organization/.test(each);
  expect(outcomes.map((each) => (isNone(each) ? 'none' : each)).sort()).toEqual([
    'done',
    ...Array(9).fill('none'),
  ]);
  const { 'tenancy.users': _, ...expected } = others;
  expect(await digests(superuser, tenant.id)).toMatchObject(expected);
});

test.each([
  ['is rolled back', 'rollback', 'done'],
  ['commits', 'commit', 'SK502'],
])('a request that entered before the suspension and %s is waited for', async (_, ending, expected) => {
  const tenant = await world.createOrganization();
  await fillTenant(world, tenant, 'ada@example.com');
  const api = await request(tenant);
  await suspend(world, tenant.slug);
  const manifest = await exportTo(world, tenant.id, folder());
  const eraser = await world.connect('stockade_admin');
  const { rows } = await eraser.query('select pg_backend_pid() as pid');
  const erasing = outcome(eraseOrganization(eraser, { slug: tenant.slug, receipt: manifest }));
  await waitsIn(rows[0].pid, 'PgSleep');
  // It has not written anything yet, so there is no lock of it that anybody could wait for.
  await api.query(`select inventory.post_entry($1)`, [
    { kind: 'receipt', lines: [{ sku: 'BOLT', location: 'Außen lager', quantity: 1 }] },
  ]);
  await api.query(ending);
  expect(await erasing).toBe(expected);
  if (expected === 'done') expect(await tablesWith(superuser, tenant.id)).toEqual({ 'tenancy.erasures': 1 });
});

test('a job at work is waited for, and one that comes meanwhile finds nothing', async () => {
  const tenant = await world.createOrganization();
  await fillTenant(world, tenant, 'ada@example.com');
  const api = await request(tenant);
  await suspend(world, tenant.slug);
  const manifest = await exportTo(world, tenant.id, folder());
  const [first, second] = [await world.connect('stockade_jobs'), await world.connect('stockade_jobs')];
  await first.query('begin');
  await first.query('select tenancy.enter_as_job($1)', [tenant.id]);
  const eraser = await world.connect('stockade_admin');
  const pids = await Promise.all([eraser, second].map((c) => c.query('select pg_backend_pid() as pid')));
  const [erasingPid, secondPid] = pids.map(({ rows }) => rows[0].pid);
  const erasing = outcome(eraseOrganization(eraser, { slug: tenant.slug, receipt: manifest }));
  await waitsIn(erasingPid, 'transactionid');
  await first.query('commit');
  // It has the organization to itself now, and waits for the request.
  await waitsIn(erasingPid, 'PgSleep');
  await second.query('begin');
  const entering = outcome(second.query('select tenancy.enter_as_job($1)', [tenant.id]));
  await waitsIn(secondPid, 'transactionid');
  await api.query('rollback');
  expect(await erasing).toBe('done');
  expect(await entering).toBe('SK404');
  await second.query('rollback');
});

async function waitsIn(pid: number, event: string): Promise<void> {
  await vi.waitFor(
    async () => {
      const { rows } = await superuser.query('select wait_event from pg_stat_activity where pid = $1', [pid]);
      expect(rows[0]?.wait_event).toBe(event);
    },
    { timeout: 10_000, interval: 20 },
  );
}

test('the permission to erase opens append-only tables for rows of that organization, and for nothing else', async () => {
  const [tenant, other] = [await suspended(), bystander];
  const rows = async (id: string) =>
    (await superuser.query('select count(*)::int as n from inventory.movements where org_id = $1', [id]))
      .rows[0].n;
  const before = await rows(other.id);
  const asOwner = `set local role stockade_owner`;
  const erasing = (id: string) => `select tenancy.sign_context('${id}', 'erasure', array['read'], null)`;
  const openWall = `
    alter table inventory.movements no force row level security`;
  const attempts: [what: string, statements: string[], code: string][] = [
    ['without permission', [asOwner, 'delete from inventory.movements'], 'SK903'],
    [
      'with the context of a job',
      [asOwner, `select tenancy.enter_as_job('${tenant.id}')`, 'delete from inventory.movements'],
      'SK903',
    ],
    ['an update', [asOwner, erasing(tenant.id), 'update inventory.movements set quantity = 1'], 'SK903'],
    ['a truncate', [asOwner, erasing(tenant.id), 'truncate inventory.movements cascade'], 'SK903'],
    [
      'by the superuser, who obeys no policy',
      [erasing(tenant.id), 'delete from inventory.movements'],
      'SK903',
    ],
    [
      'with the wall down',
      [asOwner, openWall, erasing(tenant.id), 'delete from inventory.movements'],
      'SK903',
    ],
    [
      'with a policy that is too wide',
      [
        asOwner,
        'drop policy tenant on inventory.movements',
        'create policy wide on inventory.movements using (true)',
        erasing(tenant.id),
        'delete from inventory.movements',
      ],
      'SK903',
    ],
    [
      'with a forged permission',
      [
        asOwner,
        erasing(tenant.id),
        `select set_config('stockade.context', replace(current_setting('stockade.context'), '${tenant.id}', '${other.id}'), true)`,
        'delete from inventory.movements',
      ],
      'SK901',
    ],
    ['of the records of erasures', [asOwner, erasing(tenant.id), 'delete from tenancy.erasures'], 'SK903'],
    ['with all of it', [asOwner, erasing(tenant.id), 'delete from inventory.movements'], 'done'],
  ];
  for (const [what, statements, code] of attempts) {
    await superuser.query('begin');
    let last = 'done';
    for (const statement of statements) {
      if (last === 'done') last = await outcome(superuser.query(statement));
    }
    expect([what, last]).toEqual([what, code]);
    await superuser.query('reset role').catch(() => {});
    if (last === 'done') expect([await rows(tenant.id), await rows(other.id)]).toEqual([0, before]);
    await superuser.query('rollback');
  }
});

test('an erasure is refused in a transaction that would not see what was committed before it', async () => {
  const tenant = await suspended();
  const manifest = await exportTo(world, tenant.id, folder());
  const erase = () =>
    admin.query('select tenancy.erase_organization($1, $2)', [
      tenant.id,
      Buffer.from(manifest.receipt, 'hex'),
    ]);
  await admin.query('begin isolation level repeatable read');
  expect(await outcome(erase())).toBe('25001');
  await admin.query('rollback');
});

test('an erasure is refused in a transaction that has entered an organization', async () => {
  const tenant = await suspended();
  await superuser.query('begin');
  await superuser.query('select tenancy.enter_as_job($1)', [tenant.id]);
  const erase = superuser.query(`select tenancy.erase_organization($1, sha256('x'))`, [tenant.id]);
  expect(await outcome(erase)).toBe('SK902');
  await superuser.query('rollback');
});
