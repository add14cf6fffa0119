import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { beforeAll, describe, expect, expectTypeOf, test } from 'vitest';
import { holdLock } from '#tests/api/held-lock.ts';
import { type Caller, openWorld } from '#tests/world.ts';
import { parseApiKey } from './credentials/api-keys.ts';
import { callInTenant, inTenant, listInTenant, queryInTenant, type TenantTransaction } from './scope.ts';
import type { Tenant } from './tenant.ts';
import type { TransactionMode } from './transaction/entering.ts';

const world = openWorld();
let acme: Caller;
let tenant: Tenant;

beforeAll(async () => {
  acme = await world.createOrganization();
  await acme.item('BOLT');
  tenant = { credentials: { key: parseApiKey(acme.apiKey, 'test'), selectors: [] }, scope: 'write' };
  // The first use of a key is noted after the request; so that no test meets it.
  await queryInTenant(tenant, 'read', 'select');
});

const modes: readonly TransactionMode[] = ['read', 'write', 'dry-run'];
const skus = `select sku from (select item ->> 'sku' as sku from inventory.list_items(200, null, null) as item) as items`;
const bolt = [{ sku: 'BOLT' }];

/** Sessions of the API that were left inside a transaction. */
async function openTransactions(): Promise<number> {
  const superuser = await world.superuser();
  const { rows } = await superuser.query(
    `select count(*)::int as n from pg_stat_activity
     where usename = 'stockade_api' and datname = current_database() and state like 'idle in transaction%'`,
  );
  return rows[0].n;
}

test('a caller who knows only the id of a key does not stand in its line', async () => {
  const { key } = tenant.credentials;
  if (!key) throw new Error('the tenant has a key');
  const guess: Tenant = {
    credentials: { key: { ...key, secretDigest: Buffer.alloc(32) }, selectors: [] },
    scope: 'read',
  };
  const lock = await holdLock(world.adminUrl, 'lock table tenancy.api_keys in access exclusive mode');
  const asked = [guess, guess, guess, guess, guess, guess, guess, guess, tenant].map((who) =>
    queryInTenant(who, 'read', skus),
  );
  const answers = Promise.allSettled(asked);
  try {
    await lock.waiting(asked.length);
  } finally {
    await lock.release();
  }
  expect((await answers).map(({ status }) => status)).toEqual([...Array(8).fill('rejected'), 'fulfilled']);
});

test.each(modes)('%s: one statement gets its rows, and one call its answer', async (mode) => {
  expect(await queryInTenant(tenant, mode, skus)).toEqual(bolt);
  expect(await queryInTenant(tenant, mode, `${skus} where sku = $1`, ['BOLT'])).toEqual(bolt);
  expect(await queryInTenant(tenant, mode, 'select 1 where false')).toEqual([]);
  expect(await callInTenant(tenant, mode, 'inventory.get_item', ['BOLT'])).toMatchObject({ sku: 'BOLT' });
  expect(await openTransactions()).toBe(0);
});

test.each(modes)('%s: however a callback sends its statements, each gets its rows', async (mode) => {
  const work: readonly [(tx: TenantTransaction) => Promise<unknown>, unknown][] = [
    [(tx) => tx.query(skus), bolt],
    [async (tx) => await tx.query(skus), bolt],
    [
      async (tx) => {
        await nextTurn();
        return await tx.query(skus);
      },
      bolt,
    ],
    [async (tx) => [await tx.query(skus), await tx.query(skus)], [bolt, bolt]],
    [(tx) => Promise.all([tx.query(skus), tx.query(skus)]), [bolt, bolt]],
    [
      (tx) => {
        void tx.query(skus);
        return tx.query(skus);
      },
      bolt,
    ],
    [async () => 'nothing', 'nothing'],
  ];
  for (const [callback, answer] of work) expect(await inTenant(tenant, mode, callback)).toEqual(answer);
  expect(await openTransactions()).toBe(0);
});

test.each(modes)(
  '%s: the reason of every failure is reported, and the next request is served',
  async (mode) => {
    const divide = 'select 1 / 0';
    const stranger = { ...tenant, credentials: { ...tenant.credentials, selectors: ['nobody'] } };
    const failures: [string, () => Promise<unknown>, object][] = [
      ['the one statement', () => queryInTenant(tenant, mode, divide), { code: '22012' }],
      ['a statement', () => inTenant(tenant, mode, (tx) => tx.query(divide)), { code: '22012' }],
      [
        'the first of two',
        () => inTenant(tenant, mode, (tx) => Promise.all([tx.query(divide), tx.query(skus)])),
        { code: '22012' },
      ],
      [
        'a statement that the callback does not wait for',
        () =>
          inTenant(tenant, mode, async (tx) => {
            void tx.query(divide);
          }),
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
        'the callback, after a statement',
        () =>
          inTenant(tenant, mode, async (tx) => {
            await tx.query(skus);
            throw new Error('mine');
          }),
        { message: 'mine' },
      ],
      ['the entering, with one statement', () => queryInTenant(stranger, mode, skus), { code: 'SK102' }],
      ['the entering', () => inTenant(stranger, mode, (tx) => tx.query(skus)), { code: 'SK102' }],
      [
        'the entering, with nothing to do',
        () => inTenant(stranger, mode, async () => 'x'),
        { code: 'SK102' },
      ],
    ];
    for (const [what, failing, reason] of failures) {
      await expect(failing(), what).rejects.toMatchObject(reason);
      expect(await queryInTenant(tenant, mode, skus)).toHaveLength(1);
    }
    expect(await openTransactions()).toBe(0);
  },
);

test('a read writes nothing, a dry run leaves nothing, a write stays', async () => {
  const make = (mode: TransactionMode, sku: string) =>
    callInTenant(tenant, mode, 'inventory.create_item', [{ sku, name: sku }]);
  const makeLate = (mode: TransactionMode, sku: string) =>
    inTenant(tenant, mode, async (tx) => {
      await tx.query(skus);
      return await tx.query('select inventory.create_item($1)', [{ sku, name: sku }]);
    });
  await expect(make('read', 'R')).rejects.toMatchObject({ code: '25006' });
  await expect(makeLate('read', 'R')).rejects.toMatchObject({ code: '25006' });
  await make('dry-run', 'D');
  await makeLate('dry-run', 'D');
  await make('write', 'W1');
  await makeLate('write', 'W2');
  expect(await queryInTenant(tenant, 'read', `${skus} order by sku`)).toEqual([
    { sku: 'BOLT' },
    { sku: 'W1' },
    { sku: 'W2' },
  ]);
});

const unsendable = {
  toPostgres() {
    throw new Error('cannot be sent');
  },
};

test.each([
  [
    'was healed by a savepoint',
    async (tx: TenantTransaction) => {
      await tx.query('savepoint s');
      await tx.query('select 1 / 0').catch(() => {});
      await tx.query('rollback to savepoint s');
    },
    { code: '22012' },
  ],
  [
    'was never sent, and was caught',
    (tx: TenantTransaction) => tx.query('select $1::text', [unsendable]).catch(() => {}),
    { message: 'cannot be sent' },
  ],
  [
    'was never sent, and nobody waits for it',
    async (tx: TenantTransaction) => void tx.query('select $1::text', [unsendable]),
    { message: 'cannot be sent' },
  ],
])('a write is not stored when a statement %s', async (_, fail, reason) => {
  const sku = randomUUID();
  const write = inTenant(tenant, 'write', async (tx) => {
    await fail(tx);
    await tx.query('select inventory.create_item($1)', [{ sku, name: sku }]);
  });
  await expect(write).rejects.toMatchObject(reason);
  expect(await queryInTenant(tenant, 'read', `${skus} where sku = $1`, [sku])).toEqual([]);
});

test('a value that cannot be sent leaves nothing of its transaction to the next request', async () => {
  const globex = await world.createOrganization();
  const next = { ...tenant, credentials: { key: parseApiKey(globex.apiKey, 'test'), selectors: [] } };
  for (const mode of modes) {
    await expect(queryInTenant(tenant, mode, 'select $1::text', [unsendable])).rejects.toThrow(
      'cannot be sent',
    );
    expect(await queryInTenant(next, 'read', skus)).toEqual([]);
  }
});

test('a list has an entry for each answer of its function', async () => {
  const globex = await world.createOrganization();
  for (const sku of ['A', 'B']) await globex.item(sku);
  const theirs = { ...tenant, credentials: { key: parseApiKey(globex.apiKey, 'test'), selectors: [] } };
  expect(await listInTenant(theirs, 'inventory.list_items', [1, 'A', null])).toMatchObject([{ sku: 'B' }]);
  expect(await listInTenant(theirs, 'inventory.list_items', [2, null, null])).toHaveLength(2);
  expect(await listInTenant(theirs, 'inventory.list_items', [2, 'B', null])).toEqual([]);
  world.wire.forget();
  await listInTenant(theirs, 'inventory.list_items', [2, null, null]);
  expect(world.wire.exchanges().map(({ roundTrips }) => roundTrips)).toEqual([1]);
});

test('a transaction is dead once its callback has returned', async () => {
  let kept: TenantTransaction | undefined;
  await inTenant(tenant, 'read', async (tx) => {
    kept = tx;
  });
  expect(() => kept?.query(skus)).toThrow('this transaction has ended');
});

describe('round trips', () => {
  async function roundTripsOf(work: () => Promise<unknown>): Promise<number[]> {
    world.wire.forget();
    await work();
    return world.wire.exchanges().map(({ roundTrips }) => roundTrips);
  }
  const pause = async (work: () => Promise<unknown>) => {
    await nextTurn();
    return await work();
  };

  test.each(modes)('%s: one statement is one, however its caller waits for it', async (mode) => {
    const query = () => queryInTenant(tenant, mode, skus);
    const call = () => callInTenant(tenant, mode, 'inventory.get_item', ['BOLT']);
    for (const one of [query, async () => await query(), () => pause(query), call, async () => await call()])
      expect(await roundTripsOf(one)).toEqual([1]);
  });

  test('a write under an Idempotency-Key is one, its replay as well', async () => {
    let replays = 0;
    const idempotency = {
      key: randomUUID(),
      fingerprint: Buffer.alloc(32),
      onReplay: () => {
        replays += 1;
      },
    };
    const write = () =>
      callInTenant({ ...tenant, idempotency }, 'write', 'inventory.create_item', [{ sku: 'K', name: 'K' }]);
    expect([await roundTripsOf(write), replays]).toEqual([[1], 0]);
    expect([await roundTripsOf(write), replays]).toEqual([[1], 1]);
  });

  test.each(modes)('%s: a callback costs one for what it sends at once, and one to end', async (mode) => {
    const together = (tx: TenantTransaction) => Promise.all([tx.query(skus), tx.query(skus)]);
    const apart = async (tx: TenantTransaction) => [await tx.query(skus), await tx.query(skus)];
    expect(await roundTripsOf(() => inTenant(tenant, mode, together))).toEqual([2]);
    expect(await roundTripsOf(() => inTenant(tenant, mode, apart))).toEqual([3]);
  });

  test('one round trip takes a statement, not a callback that could wait in between', () => {
    expectTypeOf(queryInTenant).parameter(2).toEqualTypeOf<string>();
    expectTypeOf(callInTenant).parameter(2).toEqualTypeOf<`${'inventory' | 'tenancy'}.${string}`>();
    // @ts-expect-error a statement, not a callback
    void (() => queryInTenant(tenant, 'read', async (tx) => await tx.query(skus)));
    // @ts-expect-error only callInTenant() posts, so no callback can come between a posting and its end
    expectTypeOf<TenantTransaction['call']>();
  });
});

test('a write that could not be stored with its Idempotency-Key is refused, with what to use instead', async () => {
  const idempotency = { key: randomUUID(), fingerprint: Buffer.alloc(32), onReplay: () => {} };
  const keyed = { ...tenant, idempotency };
  const refusal =
    'the request has an Idempotency-Key, and this write would not be stored with it: use callInTenant()';
  await expect(queryInTenant(keyed, 'write', skus)).rejects.toThrow(refusal);
  await expect(inTenant(keyed, 'write', (tx) => tx.query(skus))).rejects.toThrow(refusal);
  for (const mode of ['read', 'dry-run'] as const)
    expect(await queryInTenant(keyed, mode, `${skus} where sku = 'BOLT'`)).toEqual(bolt);
});

test('a long statement is refused before anything is sent: what varies are values', async () => {
  const long = `select ${'1 + '.repeat(4_000)} 1`;
  const refusal = /a statement has 160\d\d characters, more than 16000: send what varies as values/;
  world.wire.forget();
  await expect(queryInTenant(tenant, 'read', long)).rejects.toThrow(refusal);
  expect(world.wire.exchanges()).toEqual([]);
  await expect(inTenant(tenant, 'read', (tx) => tx.query(long))).rejects.toThrow(refusal);
  expect(await queryInTenant(tenant, 'read', `${skus} where sku = $1`, ['x'.repeat(20_000)])).toEqual([]);
});

test('credentials without a key and a user are refused before anything is sent', async () => {
  const nobody: Tenant = { credentials: { selectors: ['acme'] }, scope: 'read' };
  world.wire.forget();
  await expect(queryInTenant(nobody, 'read', skus)).rejects.toThrow('these credentials prove nothing');
  expect(world.wire.exchanges()).toEqual([]);
});
