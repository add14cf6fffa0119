import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Client } from 'pg';
import { beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { readErasures } from '#recovery/erasures.ts';
import { withRole } from '#scripts/cli/database/connect.ts';
import { paths } from '#scripts/paths.ts';
import { resumeOrganization } from '#tenancy/suspension.ts';
import { digests, fillTenant, openFolder, suspend } from '#tests/isolation/portability/portability-world.ts';
import { run } from '../../commands/run.ts';
import { asSuperuser } from '../../prove/clone.ts';
import { type Caller, openWorld } from '../../world.ts';
import { openCopies } from '../restored-copy.ts';

const world = openWorld();
const copyOf = openCopies();
const folder = openFolder();
let superuser: Client;
let tenant: Caller;
let other: Caller;
let copy: string;

beforeAll(async () => {
  other = await world.createOrganization('other');
  await fillTenant(world, other, 'shared@example.com');
  tenant = await world.createOrganization();
  // The same person is a member of both.
  await fillTenant(world, tenant, 'shared@example.com');
  copy = await copyOf(world.adminUrl);
  superuser = await world.superuser();
  await suspend(world, tenant.slug);
}, 60_000);

let items = 0;
/** Changes something after the copy, so that there is something to undo. */
beforeEach(() =>
  superuser.query(
    `update inventory.items set name = 'since ' || $2::int where org_id = $1 and sku = 'BOLT'`,
    [tenant.id, ++items],
  ),
);

interface Asked {
  readonly slug?: string;
  readonly from?: string;
  readonly more?: readonly string[];
}

async function restore({ slug = tenant.slug, from = copy, more = [] }: Asked = {}) {
  const { exitCode, stdout, stderr } = await run(
    'recovery/restore-org.ts',
    ['--org', slug, '--from', from, '--yes', '--json', '--keep', folder(), ...more],
    { DATABASE_URL: world.adminUrl },
  );
  // biome-ignore lint/suspicious/noExplicitAny: the tests assert its shape
  return { code: exitCode, json: JSON.parse(stdout || stderr) as any };
}

const resume = () =>
  withRole(world.adminUrl, 'stockade_admin', (admin) => resumeOrganization(admin, tenant.slug));

async function value(query: string, values: unknown[] = []) {
  const { rows } = await superuser.query(`select (${query}) as value`, values);
  return rows[0].value;
}
const nameOfBolt = () =>
  value(`select name from inventory.items where org_id = $1 and sku = 'BOLT'`, [tenant.id]);
const rename = (id: string, slug: string) =>
  superuser.query('update tenancy.organizations set slug = $2 where id = $1', [id, slug]);

test('a person in two organizations stays the same, and stays a member of the other', async () => {
  const person = () =>
    value(
      `select json_build_array(u.id, u.name, array_agg(m.org_id || m.role order by m.org_id)) from tenancy.users u
       join tenancy.memberships m on m.user_id = u.id where u.email = 'shared@example.com' group by u.id, u.name`,
    );
  await superuser.query(`update tenancy.users set name = 'Married since' where email = 'shared@example.com'`);
  const before = await person();
  expect(before).toEqual([
    expect.any(String),
    'Married since',
    [expect.stringContaining(other.id), expect.stringContaining(tenant.id)],
  ]);
  expect((await restore()).json.restored.others).toEqual({
    organizations: 1,
    unchanged: 1,
    changedByThemselves: 0,
  });
  expect(await person()).toEqual(before);
  expect(await nameOfBolt()).toBe('BOLT');
}, 60_000);

test('a restoration is not an erasure: an organization that is lost again can be restored again, and its loss is noticed', async () => {
  expect(await restore()).toMatchObject({ code: 0, json: { restored: {} } });
  const admin = await world.connect('stockade_admin');
  expect(await readErasures(admin)).toEqual(new Map());
  await lose();
  const { code, json } = await restore();
  expect([code, json.restored?.before, json.restored?.keysRevoked]).toEqual([0, undefined, 1]);
  expect(await nameOfBolt()).toBe('BOLT');
  // The restoration has revoked the keys. The tests go on with the old one.
  await superuser.query('update tenancy.api_keys set revoked_at = null where org_id = $1', [tenant.id]);
}, 60_000);

/** Deletes the organization as a wrong statement of a superuser would. */
async function lose(): Promise<void> {
  await superuser.query('begin');
  await superuser.query('set local session_replication_role = replica');
  const { rows } = await superuser.query(
    `select c.oid::regclass::text as name from pg_class c
     join pg_attribute a on a.attrelid = c.oid and a.attname = 'org_id' where c.relkind = 'r'`,
  );
  const always: string[] = [];
  for (const { name } of rows) {
    const triggers = await superuser.query(
      'select tgname from pg_trigger where tgrelid = $1::regclass and not tgisinternal',
      [name],
    );
    for (const { tgname } of triggers.rows) {
      await superuser.query(`alter table ${name} disable trigger ${tgname}`);
      always.push(`alter table ${name} enable always trigger ${tgname}`);
    }
    await superuser.query(`delete from ${name} where org_id = $1`, [tenant.id]);
  }
  await superuser.query('delete from tenancy.organizations where id = $1', [tenant.id]);
  for (const statement of always) await superuser.query(statement);
  await superuser.query('commit');
}

test('a renamed organization is found by its new and its old name, and keeps the new one', async () => {
  await rename(tenant.id, 'renamed');
  for (const slug of ['renamed', tenant.slug]) {
    const { code, json } = await restore({ slug });
    expect([code, json.organization]).toEqual([0, { id: tenant.id, slug: 'renamed' }]);
    expect(await value('select slug from tenancy.organizations where id = $1', [tenant.id])).toBe('renamed');
    await superuser.query(`update inventory.items set name = 'again' where org_id = $1`, [tenant.id]);
  }
  // Another organization has the old name now: the name is ambiguous, and neither is changed.
  await rename(other.id, tenant.slug);
  const before = await digests(superuser);
  const { code, json } = await restore();
  expect([code, json.error]).toEqual([
    1,
    expect.objectContaining({
      message: expect.stringContaining('two organizations'),
      remedy: expect.stringContaining('has the slug renamed'),
    }),
  ]);
  expect(await digests(superuser)).toEqual(before);
  // The old name of the other one is free, and still finds it.
  expect((await restore({ slug: 'other' })).json.error.message).toContain(`${tenant.slug} is active`);
  await rename(other.id, 'other');
  await rename(tenant.id, tenant.slug);
}, 60_000);

test('a copy that lacks sealed movements and their balances is refused', async () => {
  const damaged = await copyOf(copy);
  await asSuperuser(damaged, async (there) => {
    await there.query('begin');
    await there.query('set local session_replication_role = replica');
    for (const table of ['movements', 'entries']) {
      const { rows } = await there.query(
        'select tgname from pg_trigger where tgrelid = $1::regclass and not tgisinternal',
        [`inventory.${table}`],
      );
      for (const { tgname } of rows)
        await there.query(`alter table inventory.${table} disable trigger ${tgname}`);
    }
    const { rows } = await there.query(
      `delete from inventory.movements m
       using (
         select entry_id from inventory.movements
         where org_id = $1 and lot like '%2' order by entry_id limit 1
       ) e
       where m.org_id = $1 and m.entry_id = e.entry_id
       returning m.entry_id, m.item_id, m.location_id, m.lot`,
      [tenant.id],
    );
    expect(rows).toMatchObject([{ lot: expect.stringMatching(/2$/) }]);
    const [{ entry_id, item_id, location_id, lot }] = rows;
    await there.query('delete from inventory.entries where org_id = $1 and id = $2', [tenant.id, entry_id]);
    await there.query(
      'delete from inventory.balances where org_id = $1 and item_id = $2 and location_id = $3 and lot = $4',
      [tenant.id, item_id, location_id, lot],
    );
    await there.query('commit');
  });
  const before = await digests(superuser);
  const { code, json } = await restore({ from: damaged });
  expect([code, json.error?.message]).toEqual([
    1,
    expect.stringMatching(/seal \d+ covers \d+ movements, but the copy has \d+: the copy is damaged/),
  ]);
  expect(await digests(superuser)).toEqual(before);
}, 60_000);

test('of two restorations at once, one is refused and the other succeeds', async () => {
  const holder = await world.superuser();
  await holder.query('begin; lock table inventory.items in share mode');
  const first = restore();
  // It has its turn, and waits when it writes.
  const waiting = `count(*)::int from pg_locks where not granted and relation = 'inventory.items'::regclass`;
  await expect.poll(() => value(`select ${waiting}`), { timeout: 30_000, interval: 20 }).toBe(1);
  const second = await restore();
  expect(second.code).toBe(1);
  expect(second.json.error.message).toMatch(/another organization is being restored/);
  await holder.query('commit');
  expect((await first).code).toBe(0);
  expect(await nameOfBolt()).toBe('BOLT');
}, 60_000);

test('a repeated request runs once more when its effect was undone, and is replayed when it was kept', async () => {
  const receive = async () => {
    const body = { kind: 'receipt', lines: [{ sku: 'ONCE-NEGATIVE', location: 'MAIN', quantity: 100 }] };
    const answer = await tenant.request('POST', '/v1/movements', body, { 'idempotency-key': 'since' });
    return [answer.status, answer.headers.get('idempotent-replayed') ?? 'new'];
  };
  await resume();
  const then = await tenant.onHand('ONCE-NEGATIVE');
  expect(await receive()).toEqual([201, 'new']);
  await suspend(world, tenant.slug);
  expect((await restore()).code).toBe(0);
  await resume();
  expect(await tenant.onHand('ONCE-NEGATIVE')).toBe(then);
  expect(await receive()).toEqual([201, 'new']);
  await suspend(world, tenant.slug);
  expect((await restore({ more: ['--merge'] })).code).toBe(0);
  await resume();
  expect(await receive()).toEqual([201, 'true']);
  expect(await tenant.onHand('ONCE-NEGATIVE')).toBe(then + 100);
  await suspend(world, tenant.slug);
}, 60_000);

test('a statement timeout of the database does not interrupt a restoration', async () => {
  const database = new URL(world.adminUrl).pathname.slice(1);
  await superuser.query(
    `create function public.slow() returns trigger language plpgsql as
     $$ begin perform pg_sleep(0.7); return null; end $$;
     create trigger slow after insert on inventory.locations for each statement execute function public.slow();
     alter database ${database} set statement_timeout = '500ms'`,
  );
  try {
    expect(await restore()).toMatchObject({ code: 0, json: { restored: {} } });
  } finally {
    await superuser.query(
      `alter database ${database} reset statement_timeout; drop function public.slow() cascade`,
    );
  }
  expect(await nameOfBolt()).toBe('BOLT');
}, 60_000);

test('Ctrl-C after everything is written changes nothing, and the command says so', async () => {
  const before = await digests(superuser);
  const holder = await world.superuser();
  await holder.query('begin');
  await holder.query('lock table recovery.restorations in share mode');
  const child = spawn(
    process.execPath,
    [
      join(paths.root, 'scripts/recovery/restore-org.ts'),
      ...['--org', tenant.slug, '--from', copy, '--yes', '--keep', folder()],
    ],
    { env: { ...process.env, DATABASE_URL: world.adminUrl }, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  const exited = once(child, 'exit');
  const waiting = () =>
    value(
      `select count(*)::int from pg_stat_activity where application_name = 'stockade-command'
       and datname = current_database() and query like '%note_restoration%' and wait_event_type = 'Lock'`,
    );
  await vi.waitFor(async () => expect(await waiting()).toBe(1), { timeout: 20_000, interval: 20 });
  child.kill('SIGINT');
  await vi.waitFor(() => expect(said).toContain('Stopping after the current step'), { interval: 20 });
  await holder.query('rollback');
  expect(await exited).toEqual([130, null]);
  expect(await digests(superuser)).toEqual(before);
  expect(await nameOfBolt()).toBe(`since ${items}`);
}, 60_000);
