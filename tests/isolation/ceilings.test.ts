import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import { log } from '#platform/log.ts';
import { withConnection } from '#platform/postgres/database.ts';
import { type LoginRole, loginUrl } from '#scripts/local/logins.ts';
import { paths } from '#scripts/paths.ts';
import { createApiKey } from '#tenancy/credentials/api-keys.ts';
import { seedOf } from '#tests/prepared-cluster.ts';
import { asSuperuser } from '#tests/prove/clone.ts';
import { type ProvingCluster, startProvingCluster } from '#tests/prove/cluster.ts';
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

test('a flood of unknown keys stops reaching the database, and those who were let in before go on', async () => {
  world.wire.forget();
  const statuses = new Map<number, number>();
  for (let n = 0; n < 130; n += 1) {
    const { status } = await world.request('GET', '/v1/items/BOLT', undefined, {
      'x-api-key': createApiKey('test').key,
    });
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  }
  const asked = world.wire.exchanges().length;
  expect([...statuses.keys()].sort()).toEqual([401, 429]);
  expect(asked).toBeLessThan(115);
  expect((await neighbour.request('GET', '/v1/items/BOLT')).status).toBe(200);
});

// Limits of roles belong to a whole server: on a shared one, other files would meet them.
let server: ProvingCluster | undefined;
afterAll(() => server?.[Symbol.asyncDispose]());

test('a role that has taken all of its connections leaves some for the others', async () => {
  server = await startProvingCluster(seedOf(inject('preparedCluster')), { maxConnections: 16 });
  const url = new URL(server.template, server.clusterUrl).href;
  const roles = await readFile(join(paths.root, 'sql/roles.sql'), 'utf8');
  await asSuperuser(url, (superuser) => superuser.query(roles));
  const open: Client[] = [];
  const connect = async (role: LoginRole) => {
    const client = new Client(loginUrl(url, role));
    client.on('error', () => {});
    await client.connect();
    open.push(client);
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
