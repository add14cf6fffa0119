import pg from 'pg';
import { environment } from '#platform/environment.ts';
import { closeDatabase } from '#platform/postgres/database.ts';
import { loginUrl } from '#scripts/local/logins.ts';
import { parseApiKey } from '#tenancy/credentials/api-keys.ts';
import { addApiKey } from '#tenancy/organizations.ts';
import { callInTenant } from '#tenancy/scope.ts';
import type { Tenant } from '#tenancy/tenant.ts';
import { type Bench, type BenchOptions, type Comparison, clients, compare, expected } from './bench.ts';
import { execute, openPool, startServer } from './database.ts';
import { makeLedger } from './history.ts';

/** The table of movements without what makes it a ledger: the same columns and indexes, and nothing else. */
const bareTable = `
  create schema bare;
  create table bare.movements (like inventory.movements including indexes);
  create table bare.counters (id int primary key, quantity numeric(15, 4) not null);
  insert into bare.counters values (1, 0);
  grant usage on schema bare to stockade_api;
  grant select, insert, update on all tables in schema bare to stockade_api`;

const places = 10;
const batchEntries = 1_000;
const keyEnvironment = 'bench';

/** What a balance belongs to. */
interface Key {
  readonly org_id: string;
  readonly item_id: string;
  readonly location_id: string;
}

/** What is posted, and into what. */
interface Ground {
  readonly items: number;
  readonly tenant: Tenant;
  readonly pool: pg.Pool;
  readonly keys: readonly Key[];
}

export const posting: Bench = {
  name: 'posting',
  summary: 'The cost of posting, compared with bare inserts into the same columns and indexes',
  expect: (options) => expected(6 * sizes(options).length, options, options.quick ? 8 : 40),
  async *run(options) {
    const server = await startServer();
    try {
      for (const items of sizes(options)) {
        const ground = await prepare(await server.createDatabase(`items_${items}`), items);
        yield* measure(ground, options);
        await ground.pool.end();
        await closeDatabase();
      }
    } finally {
      await server.stop();
    }
  },
};

function sizes({ quick }: BenchOptions): readonly number[] {
  return quick ? [1_000] : [1_000, 100_000];
}

async function* measure(
  { items, tenant, pool, keys }: Ground,
  options: BenchOptions,
): AsyncGenerator<Comparison> {
  const shape = `${items.toLocaleString('en')} items`;
  const post = (entry: unknown) => callInTenant(tenant, 'write', 'inventory.post_entry', [entry]);
  yield await compare(
    {
      name: `single movement, ${shape}, 20 clients`,
      subject: 'post_entry()',
      reference: 'an INSERT of one row',
      target: 2,
    },
    {
      subject: clients(20, () => post({ kind: 'receipt', lines: [lineAt(anyOf(items * places))] })),
      reference: clients(20, () => pool.query(insertOne(keys))),
    },
    options,
  );
  yield await compare(
    {
      name: `entry of 100 lines, ${shape}, 8 clients`,
      subject: 'post_entry()',
      reference: 'an INSERT of 100 rows',
      target: 1 / 0.45,
    },
    {
      subject: clients(8, () => post({ kind: 'receipt', lines: spread(items * places, 100).map(lineAt) })),
      reference: clients(8, () => pool.query(insertRows(keys, 100))),
    },
    options,
  );
  yield await compare(
    {
      name: `transfer, ${shape}, 20 clients`,
      subject: 'post_entry() of two lines',
      reference: 'an INSERT of two rows',
      target: 2,
    },
    {
      subject: clients(20, () => post(transferOf(anyOf(items), anyOf(places)))),
      reference: clients(20, () => pool.query(insertRows(keys, 2))),
    },
    options,
  );
  yield await compare(
    {
      name: `one balance, ${shape}, 20 clients`,
      subject: 'post_entry()',
      reference: 'an UPDATE of one row',
      target: 1 / 0.7,
    },
    {
      subject: clients(20, () => post({ kind: 'receipt', lines: [lineAt(0)] })),
      reference: clients(20, () =>
        pool.query({ name: 'count', text: 'update bare.counters set quantity = quantity + 1 where id = 1' }),
      ),
    },
    options,
  );
  const batch = Array.from({ length: batchEntries }, () => ({ kind: 'receipt', lines: [lineAt(0)] }));
  const sent = JSON.stringify(batch);
  yield await compare(
    {
      name: `batch of ${batchEntries.toLocaleString('en')} entries on one balance, ${shape}, 2 clients`,
      subject: 'post_entries()',
      reference: 'an INSERT of as many rows',
    },
    {
      subject: clients(2, () => callInTenant(tenant, 'write', 'inventory.post_entries', ['each', sent])),
      reference: clients(2, () => pool.query(insertRows(keys, batchEntries))),
    },
    options,
  );
  yield await compare(
    {
      name: `single movement, ${shape}, one client`,
      subject: 'post_entry()',
      reference: 'an INSERT of one row',
    },
    {
      subject: clients(1, () => post({ kind: 'receipt', lines: [lineAt(anyOf(items * places))] })),
      reference: clients(1, () => pool.query(insertOne(keys))),
    },
    options,
  );
}

async function prepare(adminUrl: string, items: number): Promise<Ground> {
  const ledger = await makeLedger(adminUrl, 'bench', items);
  await ledger.post(100_000, Math.min(items, 10_000));
  await execute(adminUrl, bareTable);
  const admin = new pg.Client(loginUrl(adminUrl, 'stockade_admin'));
  await admin.connect();
  const apiKey = await addApiKey(
    admin,
    ledger.orgId,
    { name: 'bench', scopes: ['read', 'write'] },
    keyEnvironment,
  );
  await admin.end();
  process.env[environment.databaseUrl] = loginUrl(adminUrl, 'stockade_api');
  process.env[environment.databaseMaxConnections] = '20';
  const superuser = new pg.Client(adminUrl);
  await superuser.connect();
  const { rows } = await superuser.query(
    `select i.org_id, i.id as item_id, l.id as location_id
     from inventory.items i join inventory.locations l using (org_id)
     order by md5(i.id::text || l.id::text) limit 10000`,
  );
  await superuser.end();
  return {
    items,
    tenant: { credentials: { key: parseApiKey(apiKey, keyEnvironment), selectors: [] }, scope: 'write' },
    pool: openPool(loginUrl(adminUrl, 'stockade_api'), 20),
    keys: rows,
  };
}

/** Numbers the pairs of an item and a place. */
function lineAt(key: number) {
  return { sku: `S${1 + Math.floor(key / places)}`, location: `L${1 + (key % places)}`, quantity: 1 };
}

/** From one place of an item to the next. */
function transferOf(item: number, place: number) {
  const [from, to] = [lineAt(item * places + place), lineAt(item * places + ((place + 1) % places))];
  return { kind: 'transfer', lines: [{ ...from, quantity: -1 }, to] };
}

function anyOf(count: number): number {
  return Math.floor(Math.random() * count);
}

/** Different keys, in no order. */
function spread(count: number, wanted: number): number[] {
  const step = Math.floor(count / wanted);
  const start = anyOf(step);
  return Array.from({ length: wanted }, (_, index) => start + ((index * 37) % wanted) * step);
}

/** One row, by a named statement: its plan is kept. */
function insertOne(keys: readonly Key[]): pg.QueryConfig {
  const { org_id, item_id, location_id } = keys[anyOf(keys.length)] as Key;
  return {
    name: 'insert-one',
    text: `insert into bare.movements (org_id, entry_id, line, item_id, location_id, lot, quantity, occurred_at, recorded_at)
           values ($1, $2, 1, $3, $4, '', 1, now(), now())`,
    values: [org_id, crypto.randomUUID(), item_id, location_id],
  };
}

/** Several rows, by a named statement. */
function insertRows(keys: readonly Key[], rows: number): pg.QueryConfig {
  const taken = Array.from({ length: rows }, () => keys[anyOf(keys.length)] as Key);
  return {
    name: 'insert-rows',
    text: `insert into bare.movements (org_id, entry_id, line, item_id, location_id, lot, quantity, occurred_at, recorded_at)
           select org_id, $4::uuid, line, item_id, location_id, '', 1, now(), now()
           from unnest($1::uuid[], $2::uuid[], $3::uuid[]) with ordinality as u (org_id, item_id, location_id, line)`,
    values: [
      taken.map(({ org_id }) => org_id),
      taken.map(({ item_id }) => item_id),
      taken.map(({ location_id }) => location_id),
      crypto.randomUUID(),
    ],
  };
}
