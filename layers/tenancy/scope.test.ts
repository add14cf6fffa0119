import { setImmediate as nextTurn } from 'node:timers/promises';
import { beforeAll, expect, test } from 'vitest';
import { type Caller, openWorld } from '#tests/world.ts';
import { parseApiKey } from './credentials/api-keys.ts';
import { inTenant, type Tenant, type TransactionMode } from './scope.ts';

const world = openWorld();
let acme: Caller;
let tenant: Tenant;

beforeAll(async () => {
  acme = await world.createOrganization();
  await acme.item('BOLT');
  tenant = { credentials: { key: parseApiKey(acme.apiKey, 'test'), selectors: [] }, scope: 'write' };
  // The first use of a key is noted behind the request; so that no test meets it.
  await inTenant(tenant, 'read', (tx) => tx.query('select'));
});

const modes: readonly TransactionMode[] = ['read', 'write', 'dry-run'];
const skus = 'select sku from inventory.items';

/** Sessions of the API that were left inside a transaction. */
async function openTransactions(): Promise<number> {
  const superuser = await world.superuser();
  const { rows } = await superuser.query(
    `select count(*)::int as n from pg_stat_activity
     where usename = 'stockade_api' and datname = current_database() and state like 'idle in transaction%'`,
  );
  return rows[0].n;
}

test.each(modes)('%s: however a callback uses its transaction, it gets its rows', async (mode) => {
  const bolt = [{ sku: 'BOLT' }];
  expect(await inTenant(tenant, mode, (tx) => tx.query(skus))).toEqual(bolt);
  expect(await inTenant(tenant, mode, async (tx) => await tx.query(skus))).toEqual(bolt);
  expect(
    await inTenant(tenant, mode, async (tx) => {
      await nextTurn();
      return await tx.query(skus);
    }),
  ).toEqual(bolt);
  expect(await inTenant(tenant, mode, async (tx) => [await tx.query(skus), await tx.query(skus)])).toEqual([
    bolt,
    bolt,
  ]);
  expect(await inTenant(tenant, mode, (tx) => Promise.all([tx.query(skus), tx.query(skus)]))).toEqual([
    bolt,
    bolt,
  ]);
  expect(
    await inTenant(tenant, mode, (tx) => {
      void tx.query(skus);
      return tx.query(skus);
    }),
  ).toEqual(bolt);
  expect(await inTenant(tenant, mode, async () => 'nothing')).toBe('nothing');
  expect(await openTransactions()).toBe(0);
});

test.each(modes)('%s: whatever fails, its reason is told and the next request is served', async (mode) => {
  const failures: [string, () => Promise<unknown>, object][] = [
    ['a statement', () => inTenant(tenant, mode, (tx) => tx.query('select 1 / 0')), { code: '22012' }],
    [
      'the first of two',
      () => inTenant(tenant, mode, (tx) => Promise.all([tx.query('select 1 / 0'), tx.query(skus)])),
      { code: '22012' },
    ],
    [
      'the callback, at once',
      () =>
        inTenant(tenant, mode, () => {
          throw new Error('mine');
        }),
      { message: 'mine' },
    ],
    [
      'the callback, behind a statement',
      () =>
        inTenant(tenant, mode, async (tx) => {
          await tx.query(skus);
          throw new Error('mine');
        }),
      { message: 'mine' },
    ],
    [
      'the entering',
      () =>
        inTenant({ ...tenant, credentials: { ...tenant.credentials, selectors: ['nobody'] } }, mode, (tx) =>
          tx.query(skus),
        ),
      { code: 'SK102' },
    ],
  ];
  for (const [what, failing, reason] of failures) {
    await expect(failing(), what).rejects.toMatchObject(reason);
    expect(await inTenant(tenant, mode, (tx) => tx.query(skus))).toHaveLength(1);
  }
});

test('a read writes nothing, a dry run leaves nothing, a write stays', async () => {
  const make = (mode: TransactionMode, sku: string) =>
    inTenant(tenant, mode, (tx) => tx.call('inventory.create_item', [{ sku, name: sku }]));
  await expect(make('read', 'R')).rejects.toMatchObject({ code: '25006' });
  const slowly = inTenant(tenant, 'read', async (tx) => {
    await tx.query(skus);
    return await tx.call('inventory.create_item', [{ sku: 'R', name: 'R' }]);
  });
  await expect(slowly).rejects.toMatchObject({ code: '25006' });
  await make('dry-run', 'D');
  await make('write', 'W');
  expect(await inTenant(tenant, 'read', (tx) => tx.query(`${skus} order by sku`))).toEqual([
    { sku: 'BOLT' },
    { sku: 'W' },
  ]);
});

test('a transaction is dead once its callback has returned', async () => {
  let kept: Parameters<Parameters<typeof inTenant>[2]>[0] | undefined;
  await inTenant(tenant, 'read', async (tx) => {
    kept = tx;
  });
  expect(() => kept?.query(skus)).toThrow('this transaction has ended');
});
