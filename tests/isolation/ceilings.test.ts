import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { log } from '#platform/log.ts';
import { withConnection } from '#platform/postgres/database.ts';
import { type LoginRole, loginUrl } from '#scripts/local/logins.ts';
import { paths } from '#scripts/paths.ts';
import { createApiKey } from '#tenancy/credentials/api-keys.ts';
import { refusedKeysOfProcess } from '#tenancy/credentials/refused-keys.ts';
import { seedOf } from '#tests/prepared-cluster.ts';
import { asSuperuser } from '#tests/prove/clone.ts';
import { type ProvingCluster, startProvingCluster } from '#tests/prove/cluster.ts';
import { asAdopted } from '#tests/prove/isolation/adopted.ts';
import { type Caller, openWorld } from '#tests/world.ts';

const world = openWorld();
let neighbour: Caller;

beforeAll(async () => {
  neighbour = await world.createOrganization();
  await neighbour.item('BOLT');
});

/** Whether another organization reads as always while something happens. */
async function meanwhile<T>(work: Promise<T>): Promise<T> {
  const outcome = work.then(
    (value) => () => value,
    (error) => () => {
      throw error;
    },
  );
  expect((await neighbour.request('GET', '/v1/items/BOLT')).status).toBe(200);
  return (await outcome)();
}

test('a statement that fills the disk with temporary files ends at the limit of its role, which it cannot lift', async () => {
  const api = await world.connect('stockade_api');
  const much = `select count(*) from generate_series(1, 20000000)`;
  await expect(meanwhile(api.query(much))).rejects.toMatchObject({ code: '53400' });
  for (const lift of [
    'set temp_file_limit = -1',
    'set local temp_file_limit = -1',
    'alter role current_user reset temp_file_limit',
    'alter role current_user set temp_file_limit = -1',
  ]) {
    await expect(api.query(lift)).rejects.toMatchObject({ code: '42501' });
  }
});

test('an answer that would fill the memory of the process ends with its connection', async () => {
  const error = vi.spyOn(log, 'error').mockImplementation(() => {});
  const much = `select repeat('x', 1000000) from generate_series(1, 500)`;
  await expect(meanwhile(withConnection((client) => client.query(much)))).rejects.toMatchObject({
    status: 503,
  });
  expect(error).toHaveBeenCalledWith(
    'an answer of the database was too large, and its connection was ended',
    expect.anything(),
  );
  error.mockRestore();
});

// The limits hold for a role that reads tables too, as that of an adopted application.
describe('statements on tables', () => {
  beforeAll(async () => {
    await (await world.superuser()).query(asAdopted);
  });

  test('no statement of a request is compiled, however much the planner expects it to cost', async () => {
    const api = await world.connect('stockade_api');
    // Without an index for it, this table is read with what is switched off: on Postgres 16 and 17 that costs 1e10.
    const costly =
      'explain select count(*) from inventory.movements m join inventory.entries e on e.kind = m.lot';
    const plan = async () => (await api.query(costly)).rows.map((row) => row['QUERY PLAN']).join('\n');
    await api.query('set jit_above_cost = 0');
    expect(await plan()).not.toContain('JIT');
    expect((await api.query('show jit')).rows).toEqual([{ jit: 'off' }]);
    await api.query('set jit = on');
    const { rows: server } = await api.query('select pg_jit_available() as compiles');
    expect((await plan()).includes('JIT')).toBe(server[0].compiles);
  });

  test('no setting of a session makes a request read a table of organizations in parallel', async () => {
    const api = await world.connect('stockade_api');
    const lifted = [
      ...[
        'max_parallel_workers = 1024',
        'max_parallel_workers_per_gather = 1024',
        'debug_parallel_query = on',
      ],
      ...['parallel_setup_cost = 0', 'parallel_tuple_cost = 0', 'min_parallel_table_scan_size = 0'],
      ...['enable_seqscan = on', 'enable_bitmapscan = on', 'parallel_leader_participation = off'],
    ];
    for (const setting of lifted) await api.query(`set ${setting}`);
    const plan = async (table: string) =>
      (await api.query(`explain select count(*) from ${table}`)).rows
        .map((row) => row['QUERY PLAN'])
        .join('\n');
    const { rows } = await api.query<{ name: string }>(`
    select oid::regclass::text as name from pg_class
    where relnamespace::regnamespace::text in ('inventory', 'tenancy') and relkind = 'r' and relrowsecurity
      and has_any_column_privilege(oid, 'select')`);
    expect(rows.length).toBeGreaterThan(10);
    for (const { name } of rows)
      expect([name, await plan(name)]).toEqual([name, expect.not.stringContaining('Gather')]);
    // The catalogue is read so. The server has a number of processes for that, and no session can raise it.
    expect(await plan('pg_catalog.pg_attribute')).toContain('Gather');
    await expect(api.query('set max_worker_processes = 1024')).rejects.toMatchObject({ code: '55P02' });
  });
});

test.each([
  ['one after the other', 'alone', 1],
  ['all at once', 'alone', 130],
  ['one after the other, each with a good token', 'with a token', 1],
] as const)(
  'a flood of unknown keys, %s, stops reaching the database, and those who were let in before go on',
  async (_, beside, atOnce) => {
    refusedKeysOfProcess.forget();
    expect((await neighbour.request('GET', '/v1/items/BOLT')).status).toBe(200);
    const email = `flood@${neighbour.slug}.example.com`;
    await world.join(email, neighbour);
    const token: Record<string, string> =
      beside === 'alone' ? {} : { authorization: `Bearer ${await world.token(email)}` };
    const ask = async () => {
      const headers = { 'x-api-key': createApiKey('test').key, ...token };
      return (await world.request('GET', '/v1/items/BOLT', undefined, headers)).status;
    };
    world.wire.forget();
    const statuses = new Set<number>();
    for (let n = 0; n < 130; n += atOnce) {
      for (const status of await Promise.all(Array.from({ length: atOnce }, ask))) statuses.add(status);
    }
    const asked = world.wire.exchanges().length;
    expect([...statuses].sort()).toEqual([401, 429]);
    expect(asked).toBeLessThan(115);
    expect((await neighbour.request('GET', '/v1/items/BOLT')).status).toBe(200);
  },
);

// Limits of roles and processes belong to a whole server: on a shared one, other files would meet them.
let server: ProvingCluster;
let url: string;
const isLinux = process.platform === 'linux';
beforeAll(async () => {
  server = await startProvingCluster(seedOf(inject('preparedCluster')), {
    maxConnections: 16,
    processBytes: isLinux ? 384 * 1024 * 1024 : undefined,
  });
  url = new URL(server.template, server.clusterUrl).href;
});
afterAll(() => server?.[Symbol.asyncDispose]());

async function connectAs(role: LoginRole): Promise<Client> {
  const client = new Client(loginUrl(url, role));
  client.on('error', () => {});
  await client.connect();
  return client;
}

test.skipIf(!isLinux)(
  'where a process of the server has a limit, a statement that would take all of the memory ends alone',
  async () => {
    const [attacker, other] = [await connectAs('stockade_api'), await connectAs('stockade_api')];
    const started = async () =>
      (await other.query('select pg_postmaster_start_time()::text as at')).rows[0].at;
    const before = await started();
    // No setting bounds it: what an aggregate has collected is nowhere counted.
    let isOver = false;
    const attack = attacker
      .query(
        `select array_agg(x) from (select repeat('x', 10000000) as x offset 0) as large, generate_series(1, 100000)`,
      )
      .finally(() => {
        isOver = true;
      });
    attack.catch(() => {});
    const answers: number[] = [];
    while (!isOver) answers.push((await other.query('select 1 as one, pg_sleep(0.02)')).rows[0].one);
    await expect(attack).rejects.toMatchObject({ code: '53200' });
    expect(new Set(answers)).toEqual(new Set([1]));
    expect(await started()).toBe(before);
    await Promise.all([attacker.end(), other.end()]);
  },
);

test('a role that has taken all of its connections leaves some for the others', async () => {
  const roles = await readFile(join(paths.root, 'sql/roles.sql'), 'utf8');
  await asSuperuser(url, (superuser) => superuser.query(roles));
  const open: Client[] = [];
  const connect = async (role: LoginRole) => {
    open.push(await connectAs(role));
  };
  const all = async () => {
    for (;;) await connect('stockade_api');
  };
  await expect(all()).rejects.toMatchObject({ code: '53300', message: expect.stringContaining('role') });
  await connect('stockade_jobs');
  await connect('stockade_admin');
  expect(open.length).toBeGreaterThan(8);
  await Promise.all(open.map((client) => client.end()));
});
