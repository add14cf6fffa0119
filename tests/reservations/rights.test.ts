import type { Client } from 'pg';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Caller, openWorld } from '#tests/world.ts';
import { held, letExpire, path, stock } from './holds.ts';

const world = openWorld();
let acme: Caller;
let owner: Client;
let reservation: string;

/** In a transaction of acme that is undone. */
async function undone<T>(client: Client, work: () => Promise<T>): Promise<T> {
  await client.query('begin');
  try {
    return await work();
  } finally {
    await client.query('rollback');
  }
}

beforeAll(async () => {
  acme = await world.createOrganization();
  await acme.location('MAIN');
  await acme.item('BOLT');
  await acme.post('receipt', { sku: 'BOLT', location: 'MAIN', quantity: 10 });
  reservation = await held(acme, [{ sku: 'BOLT', location: 'MAIN', quantity: 4 }]);
  owner = await world.superuser();
});

const tables = ['reservations', 'reservation_lines', 'reservation_entries'];

test.each(tables)('the role of requests has no privilege on %s', async (table) => {
  const { rows } = await owner.query(
    `select privilege from unnest(array['select', 'insert', 'update', 'delete', 'truncate']) as privilege
     where has_table_privilege('stockade_api', $1, privilege)
        or privilege <> 'select' and has_table_privilege('stockade_jobs', $1, privilege)`,
    [`inventory.${table}`],
  );
  expect(rows).toEqual([]);
});

describe('not even the owner', () => {
  test.each(tables)('removes a row of %s', async (table) => {
    for (const statement of [`delete from inventory.${table}`, `truncate inventory.${table} cascade`]) {
      await undone(owner, async () => {
        await owner.query('set local role stockade_owner');
        await expect(owner.query(statement)).rejects.toMatchObject({ code: 'SK903' });
      });
    }
  });

  test('changes which issues a reservation was committed with', async () => {
    await expect(
      owner.query('update inventory.reservation_entries set entry_id = entry_id'),
    ).rejects.toMatchObject({ code: 'SK903' });
  });

  test('lets a line end at another time than its reservation', async () => {
    await expect(
      owner.query("update inventory.reservation_lines set expires_at = now() + interval '1 day'"),
    ).rejects.toMatchObject({ code: '23503' });
  });

  test.each([
    ['held = -1', '23514'],
    ['held = 5', '23514'],
    ['committed = 1', '23514'],
    ["held = 'NaN'", '23514'],
    ['quantity = 0, held = 0', '23514'],
    ['line = 1001', '23514'],
  ])('stores a line with %s', async (change, code) => {
    await expect(owner.query(`update inventory.reservation_lines set ${change}`)).rejects.toMatchObject({
      code,
    });
  });

  test.each([
    ["state = 'committed'", '23514'],
    ["state = 'gone'", '23514'],
    ["expires_at = '10000-01-01Z'", '23514'],
    ["metadata = '[]'", '23514'],
  ])('stores a reservation with %s', async (change, code) => {
    await expect(owner.query(`update inventory.reservations set ${change}`)).rejects.toMatchObject({ code });
  });
});

test('balances follow the lines, also when a superuser changes them', async () => {
  await undone(owner, async () => {
    await owner.query('update inventory.reservation_lines set held = 1 where reservation_id = $1', [
      reservation,
    ]);
    const { rows } = await owner.query('select reserved::float8 from inventory.balances where org_id = $1', [
      acme.id,
    ]);
    expect(rows).toEqual([{ reserved: 1 }]);
  });
});

test('a balance that has lost its holds keeps nobody from ending one', async () => {
  const id = await held(acme, [{ sku: 'BOLT', location: 'MAIN', quantity: 1 }]);
  await owner.query('update inventory.balances set reserved = 0 where org_id = $1', [acme.id]);
  expect((await acme.request('POST', path(id, '/release'), {})).status).toBe(200);
  expect(await stock(acme, 'BOLT')).toEqual([10, 0, 10]);
  await owner.query('update inventory.balances set reserved = 4 where org_id = $1', [acme.id]);
});

test('the functions of reservations run only inside an organization', async () => {
  const api = await world.connect('stockade_api');
  for (const call of [
    `reserve('{"lines": []}')`,
    `extend_reservation('${reservation}', null)`,
    `commit_reservation('${reservation}', '{}')`,
    `release_reservation('${reservation}', null)`,
  ]) {
    await expect(api.query(`select inventory.${call}`)).rejects.toMatchObject({ code: 'SK902' });
  }
  expect((await api.query('select inventory.get_reservation($1) as r', [reservation])).rows).toEqual([
    { r: null },
  ]);
  const { rows } = await api.query(
    'select inventory.list_reservations(10, null, null, null, null, null) as r',
  );
  expect(rows).toEqual([{ r: { rows: [], next: null } }]);
});

test('a hold that has expired cannot be extended again', async () => {
  const id = await held(acme, [{ sku: 'BOLT', location: 'MAIN', quantity: 1 }]);
  await letExpire(world, id);
  expect((await acme.request('PATCH', path(id), { expiresAt: null })).status).toBe(409);
  expect(await stock(acme, 'BOLT')).toEqual([10, 4, 6]);
});
