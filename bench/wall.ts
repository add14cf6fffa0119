import pg from 'pg';
import { environment } from '#platform/environment.ts';
import { closeDatabase, createPool } from '#platform/postgres/database.ts';
import { loginUrl } from '#scripts/local/logins.ts';
import { parseApiKey } from '#tenancy/credentials/api-keys.ts';
import { createOrganization } from '#tenancy/organizations.ts';
import { callInTenant, listInTenant } from '#tenancy/scope.ts';
import type { Tenant } from '#tenancy/tenant.ts';
import { type Bench, clients, compare, expected } from './bench.ts';
import { execute, startServer } from './database.ts';
import { openSocket, type Statement } from './light-client.ts';

/**
 * The same schema without isolation: no row-level security, and the functions that prove the context return a constant.
 * What remains is the cost of the ledger itself.
 */
const withoutWall = (orgId: string) => `
  do $$
  declare
    t regclass;
  begin
    for t in
      select c.oid
      from pg_class c
      join pg_namespace n on n.oid = c.relnamespace
      where c.relkind = 'r' and c.relrowsecurity and n.nspname in ('inventory', 'tenancy')
    loop
      execute format('alter table %s no force row level security, disable row level security', t);
    end loop;
    grant select on inventory.balances to stockade_api;
  end
  $$;
  create or replace function tenancy.current_org() returns uuid language sql immutable as $$ select '${orgId}'::uuid $$;
  create or replace function tenancy.require_scope(p_scope text) returns uuid language sql immutable as $$ select '${orgId}'::uuid $$;
  create or replace function tenancy.require_context(p_scope text) returns text[] language sql immutable as $$ select array['', '${orgId}', 'bench'] $$;
  create or replace function tenancy.current_actor() returns text language sql immutable as $$ select 'bench' $$;
`;

/** Other organizations with one key each, and the statistics that autovacuum would have collected. No limit is in the way. */
const manyNeighbours = `
  update tenancy.organizations set max_concurrency = 1000;
  with neighbours as (
    insert into tenancy.organizations (slug, name)
    select 'neighbour-' || n, 'Neighbour' from generate_series(1, 2000) as n
    returning id
  )
  insert into tenancy.api_keys (org_id, key_id, secret_digest, name, scopes)
  select id, right(replace(id::text, '-', ''), 12), sha256(uuid_send(id)), 'first', '{read,write}' from neighbours;
  analyze`;

const keyEnvironment = 'bench';
const locations = 200;

/** No posting of the run moves it: its one balance is what every read answers, from the first round to the last. */
const itemRead = 'A';
const itemPosted = 'B';

export const wall: Bench = {
  name: 'wall',
  summary: 'The cost of isolation: the same statement with and without it',
  expect: (options) => expected(10, options, 15),
  async *run(options) {
    const server = await startServer();
    try {
      const walled = await prepare(await server.createDatabase('walled'));
      const open = await prepare(await server.createDatabase('bare'));
      await execute(open.adminUrl, withoutWall(open.orgId));
      process.env[environment.databaseUrl] = loginUrl(walled.adminUrl, 'stockade_api');
      process.env[environment.databaseMaxConnections] = '20';
      const openPool = createPool({
        url: loginUrl(open.adminUrl, 'stockade_api'),
        maxConnections: 20,
        deadlineMs: 20_000,
      });

      const reading = asTenant(walled.apiKey, 'read');
      const writing = asTenant(walled.apiKey, 'write');
      for (const count of [4, 20]) {
        yield await compare(
          {
            name: `balances of an item, ${count} clients`,
            subject: 'through listInTenant()',
            reference: 'the same call in its own transaction without entering; no row-level security',
            target: 1.35,
          },
          {
            subject: clients(count, () => listInTenant(reading, 'inventory.item_balances', [itemRead])),
            reference: clients(count, () => bareTransaction(openPool, 'begin read only', open.read)),
          },
          options,
        );
        yield await compare(
          {
            name: `balances of an item against a balance by its key, ${count} clients`,
            subject: 'through listInTenant()',
            reference: 'one statement without a transaction block; no function, no row-level security',
            target: 1.35,
          },
          {
            subject: clients(count, () => listInTenant(reading, 'inventory.item_balances', [itemRead])),
            reference: clients(count, () => bareStatement(openPool, open.byKey)),
          },
          options,
        );
        yield await compare(
          {
            name: `single movement, ${count} clients`,
            subject: 'through callInTenant()',
            reference: 'its own transaction without entering, in one round trip; no row-level security',
            target: 1.5,
          },
          {
            subject: clients(count, (client, turn) =>
              callInTenant(writing, 'write', 'inventory.post_entry', [
                receipt(itemPosted, locationOf(client, turn)),
              ]),
            ),
            reference: clients(count, (client, turn) =>
              bareTransaction(openPool, 'begin', [
                'select inventory.post_entry($1) as answer',
                [receipt(itemPosted, locationOf(client, turn))],
              ]),
            ),
          },
          options,
        );
      }
      await openPool.end();
      await closeDatabase();

      for (const count of [4, 20]) {
        // A read in one message is a transaction, as listInTenant() sends it.
        const subject = await light(count, walled.adminUrl, [enter(reading), walled.read]);
        const references: Record<string, Statement[]> = {
          'its own transaction without entering': [['begin read only', []], open.read, ['commit', []]],
          'a bare balance by its key': [open.byKey],
        };
        for (const [what, statements] of Object.entries(references)) {
          const reference = await light(count, open.adminUrl, statements);
          yield await compare(
            {
              name: `balances of an item in the database alone, against ${what}, ${count} clients`,
              subject: 'prepared messages, one write each',
              reference: `${what}, prepared too; no row-level security`,
              target: 2,
            },
            { subject: subject.load, reference: reference.load },
            options,
          );
          reference.close();
        }
        subject.close();
      }
    } finally {
      await server.stop();
    }
  },
};

async function prepare(adminUrl: string) {
  const admin = new pg.Client(loginUrl(adminUrl, 'stockade_admin'));
  await admin.connect();
  const { id: orgId, apiKey } = await createOrganization(
    admin,
    { slug: 'bench', name: 'Bench' },
    keyEnvironment,
  );
  await admin.end();
  const jobs = new pg.Client(loginUrl(adminUrl, 'stockade_jobs'));
  await jobs.connect();
  await jobs.query('begin');
  await jobs.query('select tenancy.enter_as_job($1)', [orgId]);
  for (const sku of [itemRead, itemPosted]) {
    await jobs.query('select inventory.create_item($1)', [{ sku, name: sku }]);
  }
  for (let index = 0; index < locations; index += 1) {
    await jobs.query('select inventory.create_location($1)', [{ code: `L${index}`, name: 'L' }]);
  }
  await jobs.query('select inventory.post_entry($1)', [receipt(itemRead, 'L0')]);
  const { rows } = await jobs.query('select org_id, item_id, location_id, lot from inventory.balances');
  await jobs.query('commit');
  await jobs.end();
  await execute(adminUrl, manyNeighbours);
  const byKey: Statement = [
    `select on_hand, reserved, version
     from inventory.balances
     where org_id = $1 and item_id = $2 and location_id = $3 and lot = $4`,
    Object.values(rows[0]),
  ];
  const read: Statement = ['select inventory.item_balances($1)', [itemRead]];
  return { adminUrl, orgId, apiKey, read, byKey };
}

function locationOf(client: number, turn: number): string {
  return `L${(client * 7 + turn) % locations}`;
}

function receipt(sku: string, location: string) {
  return { kind: 'receipt', lines: [{ sku, location, quantity: 1 }] };
}

function asTenant(apiKey: string, scope: 'read' | 'write'): Tenant {
  return { credentials: { key: parseApiKey(apiKey, keyEnvironment), selectors: [] }, scope };
}

function enter({ credentials }: Tenant): Statement {
  const { key } = credentials;
  return [
    'call tenancy.enter_with_key($1, $2, $3, $4, $5)',
    [key?.keyId, key?.secretDigest, 'read', '{}', 'true'],
  ];
}

async function bareTransaction(pool: pg.Pool, begin: string, [text, values]: Statement): Promise<unknown> {
  const client = await pool.connect();
  try {
    const [, result] = await Promise.all([
      client.query(begin),
      client.query({ text, values: [...values] }),
      client.query('commit'),
    ]);
    return result.rows;
  } finally {
    client.release();
  }
}

async function bareStatement(pool: pg.Pool, [text, values]: Statement): Promise<unknown> {
  return (await pool.query({ text, values: [...values] })).rows;
}

async function light(count: number, adminUrl: string, statements: readonly Statement[]) {
  const sockets = await Promise.all(
    Array.from({ length: count }, () => openSocket(loginUrl(adminUrl, 'stockade_api'), statements)),
  );
  return {
    load: clients(
      count,
      (client) => sockets[client]?.request() ?? Promise.reject(new Error('no such client')),
    ),
    close: () => {
      for (const socket of sockets) socket.close();
    },
  };
}
