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
