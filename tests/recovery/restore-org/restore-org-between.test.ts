import { mkdir, readdir, rm } from 'node:fs/promises';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type RestoreConnections,
  type RestoreOptions,
  type RestorePhase,
  restoreOrganization,
} from '#portability/restore-org/restore-org.ts';
import { type LoginRole, loginUrl } from '#scripts/local/logins.ts';
import { digests, fillTenant, openFolder, suspend } from '#tests/isolation/portability/portability-world.ts';
import { meanwhile } from '#tests/reconciliation/meanwhile.ts';
import { asSuperuser } from '../../prove/clone.ts';
import { type Caller, openWorld } from '../../world.ts';
import { openCopies } from '../restored-copy.ts';

const world = openWorld();
const copyOf = openCopies();
const folder = openFolder();
const opened: Client[] = [];
let superuser: Client;
let tenant: Caller;
let copy: string;

beforeAll(async () => {
  tenant = await world.createOrganization();
  await fillTenant(world, tenant, 'ada@example.com');
  copy = await copyOf(world.adminUrl);
  superuser = await world.superuser();
  await tenant.item('LATE');
  await suspend(world, tenant.slug);
}, 60_000);
afterAll(() => Promise.all(opened.map((client) => client.end())));

async function connect(url: string, role: LoginRole): Promise<Client> {
  const client = new Client(loginUrl(url, role));
  client.on('error', () => {});
  await client.connect();
  opened.push(client);
  return client;
}

type Connections = { readonly [name in keyof RestoreConnections]: Client };
async function connections(): Promise<Connections> {
  return {
    copyAdmin: await connect(copy, 'stockade_admin'),
    copyJobs: await connect(copy, 'stockade_jobs'),
    admin: await connect(world.adminUrl, 'stockade_admin'),
    jobs: await connect(world.adminUrl, 'stockade_jobs'),
  };
}

/** Restores the organization as it was, with a work folder inside the folder of the test. */
async function restore(
  { copyAdmin, copyJobs, admin, jobs }: Connections,
  more: Partial<RestoreOptions> = {},
): Promise<unknown> {
  try {
    return await restoreOrganization(
      { copyAdmin, copyJobs, admin, jobs },
      { slug: tenant.slug, mode: 'as_it_was', work: folder('work'), ...more },
    );
  } finally {
    // The lock of a restoration belongs to this connection.
    await admin.end();
  }
}

/** The contents of the folder of the test. A failed restoration leaves nothing there. */
const left = () => readdir(folder('.'));
/** The last moment at which another session can change the organization. */
const beforeReplacing = 'begin isolation level read committed';

test.each<[what: string, change: string, back: string, code: string]>([
  [
    'a row of it is written',
    `update inventory.items set name = name || '!' where sku = 'LATE' and org_id = %L`,
    `update inventory.items set name = trim('!' from name) where sku = 'LATE' and org_id = %L`,
    'SK502',
  ],
  [
    'it is resumed',
    `update tenancy.organizations set status = 'active' where id = %L`,
    `update tenancy.organizations set status = 'suspended' where id = %L`,
    'SK501',
  ],
])('when %s after the organization was read, nothing is replaced', async (_, change, back, code) => {
  const before = await digests(superuser);
  const act = (statement: string) => superuser.query(statement.replace('%L', `'${tenant.id}'`));
  const all = await connections();
  const restored = meanwhile(
    all.admin,
    beforeReplacing,
    () => act(change),
    () => restore(all),
  );
  await expect(restored).rejects.toMatchObject({ code });
  await act(back);
  expect(await digests(superuser)).toEqual(before);
  expect(await left()).toEqual([]);
});

test('when the organization disappears after it was read, the restoration is refused and nothing changes', async () => {
  const all = await connections();
  const hidden = '00000000-0000-7000-8000-000000000000';
  const rename = async (from: string, to: string) => {
    await superuser.query('begin; set local session_replication_role = replica');
    await superuser.query('update tenancy.organizations set id = $2 where id = $1', [from, to]);
    await superuser.query('commit');
  };
  const before = await digests(superuser);
  const gone = () => rename(tenant.id, hidden);
  await expect(meanwhile(all.admin, beforeReplacing, gone, () => restore(all))).rejects.toMatchObject({
    code: 'SK404',
  });
  await rename(hidden, tenant.id);
  expect(await digests(superuser)).toEqual(before);
});

test.each<[RestorePhase, number]>([
  ['reading production', 1],
  ['composing', 1],
  ['writing', 1],
  ['digesting the others', 2],
])('an interruption while %s (%d) changes nothing and leaves no folder', async (phase, time) => {
  const before = await digests(superuser);
  const ended = new AbortController();
  let times = 0;
  const onProgress = (now: RestorePhase) => {
    if (now === phase && ++times === time) ended.abort(new Error('Ctrl-C'));
  };
  const restored = restore(await connections(), { signal: ended.signal, onProgress });
  await expect(restored).rejects.toThrow('Ctrl-C');
  expect([times >= time, await digests(superuser), await left()]).toEqual([true, before, []]);
});

test.each([
  ['jobs', 'tenancy.open_export'],
  ['admin', 'recovery.note_restoration'],
] as const)(
  'when the connection %s is lost before %s, the restoration fails and changes nothing',
  async (name, call) => {
    const before = await digests(superuser);
    const all = await connections();
    const { processID } = all[name] as Client & { readonly processID: number };
    const end = () => superuser.query('select pg_terminate_backend($1, 5000)', [processID]);
    const restored = meanwhile(all[name], call, end, () => restore(all));
    await expect(restored).rejects.toThrow(/terminat|not queryable/);
    expect([await digests(superuser), await left()]).toEqual([before, []]);
  },
);

test('during another restoration none begins, and a dry run does not wait', async () => {
  const other = await connect(world.adminUrl, 'stockade_admin');
  await other.query('select pg_advisory_lock($1, $2)', [0x53544b44, 0x52455354]);
  await expect(restore(await connections())).rejects.toMatchObject({
    message: 'another organization is being restored now',
    remedy: 'Run it again when that has finished. Nothing was changed.',
  });
  expect(await restore(await connections(), { dryRun: true })).toMatchObject({ mode: 'as_it_was' });
  expect(await left()).toEqual([]);
  await other.query('select pg_advisory_unlock_all()');
});

test('an existing folder is refused and kept', async () => {
  await mkdir(folder('work/kept'), { recursive: true });
  await expect(restore(await connections())).rejects.toMatchObject({
    message: `${folder('work')} already exists`,
  });
  expect(await readdir(folder('work'))).toEqual(['kept']);
  await rm(folder('work'), { recursive: true });
});

test('a copy with an older schema than production is refused, with the command that migrates it', async () => {
  const { rows } = await superuser.query(
    'select name from stockade_migrations.applied order by number desc limit 2',
  );
  const [last, earlier] = rows.map(({ name }) => name);
  const inCopy = (statements: string) => asSuperuser(copy, (there) => there.query(statements));
  await inCopy(`create table public.kept as select * from stockade_migrations.applied where name = '${last}';
    delete from stockade_migrations.applied where name = '${last}'`);
  try {
    await expect(restore(await connections())).rejects.toMatchObject({
      message: expect.stringMatching(
        `^the copy has the schema ${earlier} \\(.*\\), but production has ${last} \\(`,
      ),
      remedy: expect.stringContaining('npm run migrate:all -- --database-url <url of the copy>'),
    });
  } finally {
    await inCopy('insert into stockade_migrations.applied select * from public.kept; drop table public.kept');
  }
  expect(await left()).toEqual([]);
});
