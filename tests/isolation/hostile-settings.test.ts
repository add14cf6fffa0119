import type { Client } from 'pg';
import { beforeAll, expect, test } from 'vitest';
import { createApiKey, parseApiKey } from '#tenancy/credentials/api-keys.ts';
import { type Caller, openWorld } from '#tests/world.ts';

/**
 * An injected statement may change the settings of its session, and then call the functions of requests. They must find rows by
 * their organization all the same: a scan of a whole table compares the arguments with the values of everybody.
 */
const world = openWorld();
let superuser: Client;
let acme: Caller;
let entryId: string;
let reservationId: string;
let ownKey: string;

beforeAll(async () => {
  superuser = await world.superuser();
  const organizations = [await world.createOrganization(), await world.createOrganization()];
  for (const organization of organizations) {
    for (const sku of ['BOLT', 'NUT']) await organization.item(sku);
    await organization.location('MAIN');
    const { body } = await organization.post('receipt', { sku: 'BOLT', location: 'MAIN', quantity: 5 });
    entryId = body.entryId;
    const lines = [{ sku: 'BOLT', location: 'MAIN', quantity: 2 }];
    const held = await organization.request('POST', '/v1/reservations', { reference: 'CART', lines });
    reservationId = held.body.id;
    acme = organization;
  }
  ownKey = parseApiKey(acme.apiKey, 'test')?.keyId ?? '';
});

const posting = (quantity: number) => ({
  kind: quantity > 0 ? 'receipt' : 'issue',
  lines: [{ sku: 'BOLT', location: 'MAIN', quantity }],
});
const batch = (...quantities: number[]) => JSON.stringify(quantities.map(posting));

/** A call of each function, with each of its filters. */
function calls(): readonly (readonly [name: string, args: readonly unknown[]])[] {
  const [made, next] = [createApiKey('test'), createApiKey('test')];
  const none = null;
  const movements = (...filters: unknown[]) =>
    ['inventory.list_movements', [50, none, none, ...filters, none, none]] as const;
  const balances = (...filters: unknown[]) => [50, none, none, none, ...filters];
  const at = new Date().toISOString();
  return [
    ['tenancy.entered_organization', []],
    ['tenancy.list_members', [50, none]],
    ['tenancy.list_members', [50, 'a@example.com']],
    ['tenancy.list_api_keys', [50, none, none]],
    ['tenancy.list_api_keys', [50, at, ownKey]],
    ['tenancy.create_api_key', [made.keyId, made.secretDigest, 'made', ['read'], none]],
    ['tenancy.rotate_api_key', [made.keyId, next.keyId, next.secretDigest, 60]],
    ['tenancy.revoke_api_key', [next.keyId]],
    ['tenancy.note_key_use', []],
    ['inventory.get_item', ['BOLT']],
    ['inventory.get_item', ['NONE']],
    ['inventory.list_items', [50, none, none]],
    ['inventory.list_items', [50, 'BOLT', none]],
    ['inventory.list_items', [50, none, 'BOLT']],
    ['inventory.get_location', ['MAIN']],
    ['inventory.list_locations', [50, none, none]],
    ['inventory.list_locations', [50, 'A', 'MAIN']],
    ['inventory.item_balances', ['BOLT']],
    ['inventory.item_balances', ['NONE']],
    ['inventory.list_balances', balances(none, none, none)],
    ['inventory.list_balances', balances('BOLT', none, none)],
    ['inventory.list_balances', balances(none, 'MAIN', '')],
    ['inventory.list_balances', [50, 'BOLT', 'MAIN', '', none, none, none]],
    ['inventory.list_balances_then', [at, 'recorded', ...balances(none, none, none)]],
    ['inventory.list_balances_then', [at, 'effective', ...balances('BOLT', 'MAIN', none)]],
    ['inventory.item_balances_then', [at, 'recorded', 'BOLT']],
    ['inventory.item_balances_then', [at, 'effective', 'NONE']],
    movements(none, none, none),
    movements('BOLT', none, none),
    movements(none, 'MAIN', none),
    movements('BOLT', 'MAIN', none),
    movements(none, none, 'receipt'),
    movements('BOLT', 'MAIN', 'issue'),
    ['inventory.list_movements', [50, entryId, 1, 'BOLT', none, none, at, at]],
    ['inventory.get_entry', [entryId]],
    ['inventory.list_seals', [50, none]],
    ['inventory.movement_in_seal', [entryId, 1, 10]],
    ['inventory.list_reconciliations', [50, none]],
    ['inventory.claim_idempotency_key', ['K', Buffer.alloc(32)]],
    ['inventory.remember_response', ['K', {}]],
    ['inventory.create_item', [{ sku: 'NEW', name: 'New', aliases: ['N-1'] }]],
    ['inventory.update_item', ['NEW', { name: 'Newer', aliases: ['N-2'] }]],
    ['inventory.delete_item', ['NEW']],
    ['inventory.create_location', [{ code: 'NEW', name: 'New', aliases: ['N-1'] }]],
    ['inventory.update_location', ['NEW', { name: 'Newer', aliases: ['N-2'] }]],
    ['inventory.delete_location', ['NEW']],
    ['inventory.post_entry', [posting(3)]],
    ['inventory.post_entries', ['atomic', batch(1, 2)]],
    ['inventory.post_entries', ['each', batch(1, -99)]],
    ['inventory.reverse_entry', [entryId, none, {}]],
    ['inventory.get_reservation', [reservationId]],
    ['inventory.list_reservations', [50, none, none, none, none, none]],
    ['inventory.list_reservations', [50, none, 'BOLT', 'MAIN', none, 'open']],
    ['inventory.list_reservations', [50, none, none, none, 'CART', none]],
    ['inventory.list_reservations', [50, none, none, none, none, 'expired']],
    ['inventory.reserve', [{ partial: true, lines: [{ sku: 'BOLT', location: 'MAIN', quantity: 1 }] }]],
    ['inventory.extend_reservation', [reservationId, none]],
    [
      'inventory.commit_reservation',
      [reservationId, { lines: [{ sku: 'BOLT', location: 'MAIN', quantity: 1 }] }],
    ],
    ['inventory.release_reservation', [reservationId, none]],
  ];
}

const hostile: readonly (readonly [name: string, settings: string])[] = [
  [
    'index scans are off',
    'set local enable_seqscan = on; set local enable_indexscan = off; set local enable_bitmapscan = off',
  ],
  [
    'an index costs more than anything',
    `set local enable_seqscan = on; set local random_page_cost = 1e300; set local cpu_index_tuple_cost = 1e300;
     set local cpu_operator_cost = 1e300; set local cpu_tuple_cost = 1e300`,
  ],
  [
    'everything is on but nested loops',
    `set local enable_seqscan = on; set local enable_bitmapscan = on; set local enable_hashjoin = on;
     set local enable_mergejoin = on; set local enable_nestloop = off; set local work_mem = '64kB'`,
  ],
];

/** The tables of tenants that were read as a whole by a call, under settings of an attacker. The calls of one run follow each other. */
async function readAsWhole(settings: string): Promise<string[]> {
  const key = parseApiKey(acme.apiKey, 'test');
  const found: string[] = [];
  await superuser.query('begin');
  try {
    await superuser.query('set local role stockade_api');
    await superuser.query(settings);
    await superuser.query('call tenancy.enter_with_key($1, $2, $3, $4)', [
      key?.keyId,
      key?.secretDigest,
      'admin',
      [],
    ]);
    let before = await scans();
    for (const [name, args] of calls()) {
      await superuser.query(`select ${name}(${args.map((_, index) => `$${index + 1}`).join(', ')})`, [
        ...args,
      ]);
      const after = await scans();
      for (const [table, count] of after) {
        if (count > (before.get(table) ?? 0)) found.push(`${name} reads ${table}`);
      }
      before = after;
    }
  } finally {
    await superuser.query('rollback');
  }
  return found;
}

/** How often each table of tenants was read as a whole in this transaction. Only the superuser may ask. */
async function scans(): Promise<ReadonlyMap<string, number>> {
  await superuser.query('reset role');
  const { rows } = await superuser.query<{ table: string; scans: number }>(
    `select relid::regclass::text as table, seq_scan::int as scans from pg_stat_xact_user_tables
     join pg_class c on c.oid = relid and c.relrowsecurity`,
  );
  await superuser.query('set local role stockade_api');
  return new Map(rows.map(({ table, scans }) => [table, scans]));
}

test.each(hostile)('where %s, no function of requests reads a table as a whole', async (_, settings) => {
  expect(await readAsWhole(settings)).toEqual([]);
});

test('every function of requests is called, but those that enter', async () => {
  const { rows } = await superuser.query<{ name: string }>(
    `select p.oid::regproc::text as name from pg_proc p
     where p.prosecdef and p.pronamespace::regnamespace::text in ('inventory', 'tenancy', 'recovery')
       and has_function_privilege('stockade_api', p.oid, 'execute')`,
  );
  const entering = ['enter_with_key', 'enter_with_pass', 'record_mismatch', 'current_org'];
  const called = new Set(calls().map(([name]) => name));
  expect([...called].sort()).toEqual(
    rows
      .map(({ name }) => name)
      .filter((name) => !entering.some((each) => name === `tenancy.${each}`))
      .sort(),
  );
});

test('a function whose plans the session chooses reads a table as a whole', async () => {
  await superuser.query(`alter function inventory.get_item(text) reset all;
    alter function inventory.get_item(text) set search_path = ''`);
  const [[, indexScansAreOff] = ['', '']] = hostile;
  expect(await readAsWhole(indexScansAreOff)).toContain('inventory.get_item reads inventory.items');
});
