import { randomUUID } from 'node:crypto';
import type { Client } from 'pg';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Caller, openWorld } from '#tests/world.ts';
import { checks } from './checks.ts';
import { refusalOf } from './posting-session.ts';

/** What the tables of the ledger refuse, even to a superuser, who passes every policy and function. */

const world = openWorld();
let acme: Caller;
let globex: Caller;
let superuser: Client;
const ids: Record<string, string> = {};

beforeAll(async () => {
  [acme, globex] = [await world.createOrganization(), await world.createOrganization()];
  superuser = await world.superuser();
  for (const [name, organization] of Object.entries({ acme, globex })) {
    await organization.item('BOLT');
    await organization.location('MAIN');
    ids[`${name}Entry`] = (
      await organization.post('receipt', { sku: 'BOLT', location: 'MAIN', quantity: 5 })
    ).body.entryId;
    for (const [table, what] of [
      ['items', 'Item'],
      ['locations', 'Location'],
    ]) {
      const { rows } = await superuser.query(`select id from inventory.${table} where org_id = $1`, [
        organization.id,
      ]);
      ids[`${name}${what}`] = rows[0].id;
    }
  }
});

beforeEach(() => superuser.query('begin'));
afterEach(() => superuser.query('rollback'));

type Row = Readonly<Record<string, unknown>>;

function insert(table: string, row: Row): Promise<{ rows: Row[] }> {
  const columns = Object.keys(row);
  return superuser.query(
    `insert into inventory.${table} (${columns.join(', ')})
     values (${columns.map((_, index) => `$${index + 1}`).join(', ')})
     returning *`,
    Object.values(row),
  );
}

/** A row of each table that is right. */
const right: Readonly<Record<string, () => Row>> = {
  items: () => ({ org_id: acme.id, sku: 'NEW', name: 'New' }),
  locations: () => ({ org_id: acme.id, code: 'NEW', name: 'New' }),
  entries: () => ({
    org_id: acme.id,
    id: randomUUID(),
    kind: 'receipt',
    occurred_at: new Date(),
    recorded_at: new Date(),
    actor: 'job',
  }),
  movements: () => ({
    org_id: acme.id,
    entry_id: ids.acmeEntry,
    line: 2,
    item_id: ids.acmeItem,
    location_id: ids.acmeLocation,
    lot: '',
    quantity: 1,
    occurred_at: new Date(),
    recorded_at: new Date(),
  }),
  balances: () => ({
    org_id: acme.id,
    item_id: ids.acmeItem,
    location_id: ids.acmeLocation,
    lot: 'L1',
    on_hand: 0,
    reserved: 0,
    version: 0,
  }),
};

const refused = (table: string, change: Row) =>
  refusalOf(superuser, () => insert(table, { ...right[table]?.(), ...change }));

describe.each(checks)('%s', (constraint, column, taken, others) => {
  const [table = ''] = constraint.split('_');

  test(`takes what it should as ${column}`, async () => {
    for (const value of taken)
      expect([value, await refused(table, { [column]: value })]).toEqual([value, undefined]);
  });

  test(`refuses every other ${column}`, async () => {
    for (const value of others) {
      expect([value, await refused(table, { [column]: value })]).toMatchObject([
        value,
        { code: '23514', constraint },
      ]);
    }
  });
});

test('a reversal says what it reverses, and nothing else does', async () => {
  const reverses = ids.acmeEntry;
  expect(await refused('entries', { kind: 'reversal', reverses })).toBeUndefined();
  for (const change of [{ kind: 'reversal' }, { kind: 'receipt', reverses }]) {
    expect(await refused('entries', change)).toMatchObject({ code: '23514', constraint: 'entries_check' });
  }
});

describe('every column that must be there', () => {
  test.each([
    [
      'items',
      [
        'id',
        'org_id',
        'sku',
        'name',
        'unit',
        'tracking',
        'allow_negative',
        'metadata',
        'created_at',
        'updated_at',
      ],
    ],
    ['locations', ['id', 'org_id', 'code', 'name', 'kind', 'created_at', 'updated_at']],
    ['entries', ['org_id', 'id', 'kind', 'occurred_at', 'recorded_at', 'actor', 'metadata']],
    [
      'movements',
      [
        'org_id',
        'entry_id',
        'line',
        'item_id',
        'location_id',
        'lot',
        'quantity',
        'occurred_at',
        'recorded_at',
      ],
    ],
    ['balances', ['org_id', 'item_id', 'location_id', 'lot', 'on_hand', 'reserved', 'version']],
  ])('of %s: %j', async (table, columns) => {
    for (const column of columns) {
      expect(await refused(table, { [column]: null })).toMatchObject({ code: '23502', column });
    }
  });
});

test('what is left out has its default', async () => {
  expect((await insert('items', right.items?.() ?? {})).rows).toEqual([
    {
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      org_id: acme.id,
      sku: 'NEW',
      name: 'New',
      unit: 'each',
      tracking: 'none',
      allow_negative: false,
      reorder_point: null,
      metadata: {},
      created_at: expect.any(Date),
      updated_at: expect.any(Date),
    },
  ]);
  expect((await insert('locations', right.locations?.() ?? {})).rows).toMatchObject([{ kind: 'warehouse' }]);
  expect((await insert('entries', right.entries?.() ?? {})).rows).toMatchObject([
    { reference: null, metadata: {}, reverses: null },
  ]);
  const { on_hand: _, reserved: __, ...bare } = right.balances?.() ?? {};
  expect((await insert('balances', bare)).rows).toMatchObject([{ on_hand: '0.0000', reserved: '0.0000' }]);
});

describe('nothing is there twice', () => {
  test.each<[string, () => Row]>([
    ['items_pkey', () => ({ id: ids.acmeItem })],
    ['items_org_id_sku_key', () => ({ sku: 'BOLT' })],
    ['locations_pkey', () => ({ id: ids.acmeLocation })],
    ['locations_org_id_code_key', () => ({ code: 'MAIN' })],
    ['entries_pkey', () => ({ id: ids.acmeEntry })],
    ['movements_pkey', () => ({ line: 1 })],
    ['balances_pkey', () => ({ lot: '' })],
  ])('%s', async (constraint, change) => {
    const [table = ''] = constraint.split('_');
    expect(await refused(table, change())).toMatchObject({ code: '23505', constraint });
  });

  test('entries_reverses: one reversal of an entry, however it is written', async () => {
    const reversal = { kind: 'reversal', reverses: ids.acmeEntry };
    await insert('entries', { ...right.entries?.(), ...reversal });
    expect(await refused('entries', reversal)).toMatchObject({
      code: '23505',
      constraint: 'entries_reverses',
    });
  });

  test('another organization may have the same SKU, code and ids', async () => {
    const theirs = { org_id: globex.id };
    expect(await refused('items', { ...theirs, id: ids.acmeItem })).toBeUndefined();
    expect(await refused('locations', { ...theirs, id: ids.acmeLocation })).toBeUndefined();
    expect(await refused('entries', { ...theirs, id: ids.acmeEntry })).toBeUndefined();
  });
});

describe('nothing points at what is not there, or at another organization', () => {
  const foreign: [constraint: string, change: () => Row][] = [
    ['items_org_id_fkey', () => ({ org_id: randomUUID() })],
    ['locations_org_id_fkey', () => ({ org_id: randomUUID() })],
    ['entries_org_id_reverses_fkey', () => ({ kind: 'reversal', reverses: randomUUID() })],
    ['entries_org_id_reverses_fkey', () => ({ kind: 'reversal', reverses: ids.globexEntry })],
    ['movements_org_id_entry_id_fkey', () => ({ entry_id: randomUUID() })],
    ['movements_org_id_entry_id_fkey', () => ({ entry_id: ids.globexEntry })],
    // A movement has its balance, which points for it.
    ['balances_org_id_item_id_fkey', () => ({ item_id: randomUUID() })],
    ['balances_org_id_item_id_fkey', () => ({ item_id: ids.globexItem })],
    ['balances_org_id_location_id_fkey', () => ({ location_id: randomUUID() })],
    ['balances_org_id_location_id_fkey', () => ({ location_id: ids.globexLocation })],
  ];
  test.each(foreign)('%s (%#)', async (constraint, change) => {
    const [table = ''] = constraint.split('_');
    expect(await refused(table, change())).toMatchObject({ code: '23503', constraint });
    if (table === 'balances') {
      expect(await refused('movements', change())).toMatchObject({ code: '23503', constraint });
    }
  });

  test.each([
    ['items', 'balances_org_id_item_id_fkey'],
    ['locations', 'balances_org_id_location_id_fkey'],
  ])('%s that have moved cannot be deleted', async (table, constraint) => {
    expect(
      await refusalOf(superuser, () =>
        superuser.query(`delete from inventory.${table} where org_id = $1`, [acme.id]),
      ),
    ).toMatchObject({ code: '23503', constraint });
  });
});

test('instants are kept to the millisecond, quantities to four decimals and fifteen digits', async () => {
  const { rows } = await superuser.query(
    `select attrelid::regclass::text || '.' || attname as name, format_type(atttypid, atttypmod) as type
     from pg_attribute
     where attrelid in ('inventory.entries'::regclass, 'inventory.movements'::regclass, 'inventory.balances'::regclass)
       and attnum > 0 and not attisdropped and atttypid in ('numeric'::regtype, 'timestamptz'::regtype)
     order by 1`,
  );
  const [instant, quantity] = ['timestamp(3) with time zone', 'numeric(15,4)'];
  expect(Object.fromEntries(rows.map(({ name, type }) => [name, type]))).toEqual({
    'inventory.balances.on_hand': quantity,
    'inventory.balances.reserved': quantity,
    'inventory.entries.occurred_at': instant,
    'inventory.entries.recorded_at': instant,
    'inventory.movements.occurred_at': instant,
    'inventory.movements.quantity': quantity,
    'inventory.movements.recorded_at': instant,
  });
});
