import { beforeEach, expect, test } from 'vitest';
import { holdLock } from '#tests/api/held-lock.ts';
import { type Answer, type Caller, openWorld } from '#tests/world.ts';

const world = openWorld();
const maxConcurrency = 2;
/** Requests for items wait while it is held, inside the organization they have entered. */
const holdItems = () => holdLock(world.adminUrl, 'lock table inventory.items in access exclusive mode');

let busy: Caller;
let quiet: Caller;
let member: string;

beforeEach(async () => {
  [busy, quiet] = [await world.createOrganization(), await world.createOrganization()];
  member = `ada@${busy.slug}.example.com`;
  await world.join(member, busy);
  for (const organization of [busy, quiet]) await useOnce(organization);
  const superuser = await world.superuser();
  await superuser.query('update tenancy.organizations set max_concurrency = $2 where id = $1', [
    busy.id,
    maxConcurrency,
  ]);
});

/** Has the first use of a key noted, which is a transaction behind the one of the request. */
async function useOnce({ id, request }: Caller): Promise<void> {
  await request('GET', '/v1/organization');
  const superuser = await world.superuser();
  const lastUsed = async () => {
    const { rows } = await superuser.query('select last_used_at from tenancy.api_keys where org_id = $1', [
      id,
    ]);
    return rows[0].last_used_at;
  };
  await expect.poll(lastUsed, { timeout: 5_000, interval: 20 }).not.toBeNull();
}

async function byToken(path: string): Promise<Answer> {
  return await world.request('GET', path, undefined, {
    authorization: `Bearer ${await world.token(member)}`,
  });
}

const byKey = (path: string) => busy.request('GET', path);
const byBoth = async (path: string) =>
  busy.request('GET', path, undefined, { authorization: `Bearer ${await world.token(member)}` });

test.each([
  ['a key', byKey],
  ['a token', byToken],
  ['a key and a token', byBoth],
])(
  'requests with %s beyond the limit of an organization are 429, and those of others are answered',
  async (_, ask) => {
    const lock = await holdItems();
    const under = Array.from({ length: maxConcurrency }, () => ask('/v1/items'));
    try {
      await lock.waiting(maxConcurrency);
      for (const another of [byKey, byToken, byBoth]) {
        const answer = await another('/v1/organization');
        expect(answer).toMatchObject({ status: 429, body: { code: 'too_many_requests' } });
        expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
      }
      expect(await quiet.request('GET', '/v1/organization')).toMatchObject({ status: 200 });
    } finally {
      await lock.release();
    }
    expect(await Promise.all(under)).toMatchObject(under.map(() => ({ status: 200 })));
    expect(await ask('/v1/organization')).toMatchObject({ status: 200 });
  },
);

test('transactions of the minute before count, and nothing older does', async () => {
  const [older, newer] = [await world.superuser(), await world.superuser()];
  const taken = async (client: typeof older, minutesAgo: number) => {
    const { rows } = await client.query<{ taken: boolean }>(
      `select tenancy.take_slot(inner_pad, $1, 0, now() - make_interval(mins => $2)) as taken
       from tenancy.context_keys where active`,
      [busy.id, minutesAgo],
    );
    return rows[0]?.taken;
  };
  await newer.query('begin');
  for (const [minutesAgo, isFree] of [
    [1, false],
    [2, true],
  ] as const) {
    await older.query('begin');
    expect(await taken(older, minutesAgo)).toBe(true);
    expect(await taken(newer, 0)).toBe(isFree);
    await older.query('rollback');
  }
  await newer.query('rollback');
});

test('as many requests as the limit allows are answered at once, whichever sessions they get', async () => {
  const lock = await holdItems();
  const under = [byKey('/v1/items'), byToken('/v1/items')];
  try {
    await lock.waiting(maxConcurrency);
  } finally {
    await lock.release();
  }
  expect(await Promise.all(under)).toMatchObject([{ status: 200 }, { status: 200 }]);
});

const lines = (count: number) =>
  Array.from({ length: count }, () => ({ sku: 'BOLT', location: 'MAIN', quantity: 1 }));

test.each<[string, string, string, unknown?]>([
  ['an entry of many lines', 'items', 'POST /v1/movements', { kind: 'receipt', lines: lines(400) }],
  [
    'many entries at once',
    'items',
    'POST /v1/movements:batch',
    { mode: 'each', entries: Array.from({ length: 8 }, () => ({ kind: 'receipt', lines: lines(50) })) },
  ],
  ['a long page of items', 'items', 'GET /v1/items?limit=200'],
  ['a long page of locations', 'locations', 'GET /v1/locations?limit=200'],
  ['a long page of movements', 'entries', 'GET /v1/movements?limit=200'],
  ['a long page of balances', 'balances', 'GET /v1/balances?limit=200'],
  ['a long page of the past', 'balances', 'GET /v1/balances?limit=200&asOf=2026-01-01T00:00:00Z'],
  ['a long page of reconciliations', 'reconciliation_runs', 'GET /v1/reconciliations?limit=200'],
  ['a long page of seals', 'seals', 'GET /v1/seals?limit=200'],
])(
  '%s takes the whole share of its key, or half of it, and nobody else waits',
  async (_, table, route, body) => {
    const [method = '', path = ''] = route.split(' ');
    await quiet.item('BOLT');
    await quiet.location('MAIN');
    const lock = await holdLock(world.adminUrl, `lock table inventory.${table} in access exclusive mode`);
    const large = Array.from({ length: body ? 1 : 2 }, () => quiet.request(method, path, body));
    let small: Promise<Answer>;
    try {
      await lock.waiting(large.length);
      small = quiet.request('GET', '/v1/organization');
      let hasAnswer = false;
      small.then(() => {
        hasAnswer = true;
      });
      // Twice the way of the small one, which was sent before.
      for (let turn = 0; turn < 2; turn += 1)
        expect(await busy.request('GET', '/v1/organization')).toMatchObject({ status: 200 });
      expect(hasAnswer).toBe(false);
    } finally {
      await lock.release();
    }
    for (const { status } of await Promise.all(large)) expect(status).toBeLessThan(300);
    expect(await small).toMatchObject({ status: 200 });
  },
);
