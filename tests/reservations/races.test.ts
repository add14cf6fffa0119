import { expect, test } from 'vitest';
import { tidy } from '#ledger/tidy.ts';
import { holdLock } from '#tests/api/held-lock.ts';
import { deadlocksIn } from '#tests/deadlocks.ts';
import { type Answer, type Caller, openWorld } from '#tests/world.ts';
import { drift, held, path, reserve, stock } from './holds.ts';

const world = openWorld();

async function withStock(...skus: readonly string[]): Promise<Caller> {
  const tenant = await world.createOrganization();
  await tenant.location('MAIN');
  await tenant.location('SHOP');
  for (const sku of skus) {
    await tenant.item(sku);
    await tenant.post('receipt', { sku, location: 'MAIN', quantity: 10 });
  }
  return tenant;
}

const one = { sku: 'BOLT', location: 'MAIN', quantity: 1 };
const statuses = (answers: readonly Answer[]) => answers.map(({ status }) => status).sort();

/** Requests that have found the reservation open wait for its balances while this is held. */
const holdBalances = () =>
  holdLock(
    world.adminUrl,
    'select from inventory.balances order by org_id, item_id, location_id, lot for update',
  );

/** Waits until an instant is past by the clock of the database. */
async function untilOver(instant: string): Promise<void> {
  const superuser = await world.superuser();
  const isOver = async () =>
    (await superuser.query('select clock_timestamp() > $1 as over', [instant])).rows[0].over;
  await expect.poll(isOver, { timeout: 4_000, interval: 20 }).toBe(true);
}

test('one hundred concurrent reservations of the last ten units: ten succeed', async () => {
  const acme = await withStock('BOLT');
  const answers = await Promise.all(Array.from({ length: 100 }, () => reserve(acme, [one])));
  expect(statuses(answers)).toEqual([...Array(10).fill(201), ...Array(90).fill(409)]);
  for (const { body } of answers.filter(({ status }) => status === 409)) {
    expect(body.lines).toEqual([{ sku: 'BOLT', location: 'MAIN', lot: null, available: 0, requested: 1 }]);
  }
  expect(await stock(acme, 'BOLT')).toEqual([10, 10, 0]);
  expect(await drift(world, acme)).toEqual([]);
});

test('reservations and issues of the last ten units at once: ten of them together succeed', async () => {
  const acme = await withStock('BOLT');
  const answers = await Promise.all(
    Array.from({ length: 60 }, (_, index) =>
      index % 2 === 0
        ? reserve(acme, [one])
        : acme.request('POST', '/v1/movements', { kind: 'issue', lines: [{ ...one, quantity: -1 }] }),
    ),
  );
  expect(statuses(answers)).toEqual([...Array(10).fill(201), ...Array(50).fill(409)]);
  const [, , available] = await stock(acme, 'BOLT');
  expect(available).toBe(0);
  expect(await drift(world, acme)).toEqual([]);
});

test('partial reservations at once hold all there is, and no more', async () => {
  const acme = await withStock('BOLT');
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => reserve(acme, [{ ...one, quantity: 3 }], { partial: true })),
  );
  const got = answers.flatMap(({ status, body }) => (status === 201 ? [body.lines[0].held] : []));
  expect(got.sort()).toEqual([1, 3, 3, 3]);
  expect(await stock(acme, 'BOLT')).toEqual([10, 10, 0]);
});

test('commits and releases of one reservation at once: one wins, and nothing is lost', async () => {
  const acme = await withStock('BOLT');
  for (let round = 0; round < 10; round += 1) {
    const [before = 0] = await stock(acme, 'BOLT');
    const id = await held(acme, [one]);
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        acme.request('POST', path(id, index % 2 === 0 ? '/commit' : '/release'), {}),
      ),
    );
    expect(statuses(answers)).toEqual([200, ...Array(9).fill(409)]);
    const { state } = (await acme.request('GET', path(id))).body;
    const left = state === 'committed' ? before - 1 : before;
    expect(await stock(acme, 'BOLT')).toEqual([left, 0, left]);
  }
  expect(await drift(world, acme)).toEqual([]);
});

test.each([
  ['commit', 'POST', '/commit', {}],
  ['release', 'POST', '/release', {}],
  ['extension', 'PATCH', '', { expiresAt: null }],
] as const)(
  'one %s that waits until the hold has expired is refused, and who comes next has the stock',
  async (_, method, action, body) => {
    const acme = await withStock('BOLT');
    const expiresAt = new Date(Date.now() + 1_500).toISOString();
    const id = await held(acme, [{ ...one, quantity: 10 }], { expiresAt });
    const balances = await holdBalances();
    const late = acme.request(method, path(id, action), body);
    await balances.waiting(1);
    const next = reserve(acme, [{ ...one, quantity: 10 }]);
    await balances.waiting(2);
    await untilOver(expiresAt);
    await balances.release();

    expect(await late).toMatchObject({ status: 409, body: { code: 'reservation_closed', state: 'expired' } });
    expect((await next).status).toBe(201);
    expect(await stock(acme, 'BOLT')).toEqual([10, 10, 0]);
    expect(await drift(world, acme)).toEqual([]);
  },
);

test('a sweep leaves what somebody is just trying to commit to the next one', async () => {
  const acme = await withStock('BOLT');
  const expiresAt = new Date(Date.now() + 1_500).toISOString();
  const id = await held(acme, [one], { expiresAt });
  const balances = await holdBalances();
  const commit = acme.request('POST', path(id, '/commit'), {});
  await balances.waiting(1);
  await untilOver(expiresAt);
  const jobs = await world.connect('stockade_jobs');
  expect(await tidy(jobs, { organization: acme.id })).toMatchObject({ reservations: 0 });
  await balances.release();
  expect((await commit).body.code).toBe('reservation_closed');
  expect(await tidy(jobs, { organization: acme.id })).toMatchObject({ reservations: 1 });
  expect(await stock(acme, 'BOLT')).toEqual([10, 0, 10]);
});

test('a partial reservation that waits for another one holds what that one has left', async () => {
  const acme = await withStock('BOLT');
  const balances = await holdBalances();
  const both = [1, 2].map(() => reserve(acme, [{ ...one, quantity: 8 }], { partial: true }));
  await balances.waiting(2);
  await balances.release();
  const got = (await Promise.all(both)).map(({ body }) => body.lines[0].held);
  expect(got.sort()).toEqual([2, 8]);
});

test('opposed reservations, commits, releases and transfers at full speed: no deadlock, and every sum is right', async () => {
  const skus = ['A', 'B', 'C', 'D'];
  const acme = await withStock(...skus);
  await acme.post('receipt', ...skus.map((sku) => ({ sku, location: 'MAIN', quantity: 990 })));
  const before = await deadlocksIn(world.adminUrl);
  const work = async (client: number) => {
    const order = client % 2 === 0 ? skus : skus.toReversed();
    const lines = order.map((sku) => ({ sku, location: 'MAIN', quantity: 1 }));
    for (let round = 0; round < 8; round += 1) {
      const id = await held(acme, lines);
      const moved = await acme.request('POST', '/v1/transfers', {
        from: 'MAIN',
        to: 'SHOP',
        lines: order.map((sku) => ({ sku, quantity: 1 })),
      });
      expect(moved.status).toBe(201);
      const { status } = await acme.request('POST', path(id, round % 2 === 0 ? '/commit' : '/release'), {});
      expect(status).toBe(200);
    }
  };
  await Promise.all(Array.from({ length: 12 }, (_, client) => work(client)));
  // Of the 96 rounds each moves one to the shop, which stays on hand; half of them issue one.
  for (const sku of skus) expect(await stock(acme, sku)).toEqual([952, 0, 952]);
  expect(await drift(world, acme)).toEqual([]);
  expect(await deadlocksIn(world.adminUrl)).toBe(before);
});
