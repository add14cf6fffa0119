import { beforeAll, describe, expect, test } from 'vitest';
import { reconcileOrganization } from '#audit/reconciliation/reconcile.ts';
import { takeLease } from '#audit/reconciliation/runs/lease.ts';
import { sealOrganization } from '#audit/seals/seal-organization.ts';
import { recordMilestone } from '#recovery/drill/records.ts';
import { parseApiKey } from '#tenancy/credentials/api-keys.ts';
import { openAws } from '#tests/aws.ts';
import { type Answer, type Caller, openWorld } from '#tests/world.ts';
import { expectProblem, wrongFields } from './problem-document.ts';

const world = openWorld();
openAws();
let acme: Caller;
let globex: Caller;
let many: Caller;
let moving: Caller;

// biome-ignore lint/suspicious/noExplicitAny: rows of every kind
type Row = any;

/** A list of the API: what names its rows, and those it has, in the order that is documented. */
interface List {
  readonly path: string;
  readonly keyOf: (row: Row) => string;
  readonly rows: string[];
  /** Lists with cursors of the same form. */
  readonly alike?: readonly string[];
}

const longAddress = `m${'x'.repeat(302)}@long.example.com`;
const singles = [
  'items',
  'locations',
  'users',
  'seals',
  'reconciliations',
  'reservations',
  'organizations',
  'drills',
];

const lists: Record<string, List> = {
  items: {
    path: '/v1/items',
    keyOf: ({ sku }) => sku,
    rows: ['#10', '#9', 'A b', 'LOT', 'Z', 'a', 'é', '품목'],
    alike: singles,
  },
  locations: {
    path: '/v1/locations',
    keyOf: ({ code }) => code,
    rows: ['B', 'a10', 'a2', 'b'],
    alike: singles,
  },
  movements: { path: '/v1/movements', keyOf: ({ movementId }) => movementId, rows: [] },
  balances: {
    path: '/v1/balances',
    keyOf: ({ sku, location, lot }) => `${sku}|${location}|${lot}`,
    rows: ['#10|B|null', '#10|b|null', 'LOT|B|L10', 'LOT|B|L9', 'LOT|a2|L9', 'a|B|null'],
  },
  'api-keys': { path: '/v1/api-keys', keyOf: ({ id }) => id, rows: [] },
  users: {
    path: '/v1/users',
    keyOf: ({ email }) => email,
    rows: ['ada@example.com', 'bob+tea@example.com', longAddress, 'zoe@xn--mnchen-3ya.example'],
  },
  seals: { path: '/v1/seals', keyOf: ({ seq }) => String(seq), rows: ['3', '2', '1'], alike: ['drills'] },
  reconciliations: { path: '/v1/reconciliations', keyOf: ({ id }) => id, rows: [], alike: ['reservations'] },
  reservations: { path: '/v1/reservations', keyOf: ({ id }) => id, rows: [], alike: ['reconciliations'] },
  organizations: {
    path: '/platform/organizations',
    keyOf: ({ slug }) => slug,
    rows: ['acme', 'b-1', 'b1', 'globex', 'moving'],
    alike: ['seals', 'drills'],
  },
  drills: {
    path: '/platform/drills',
    keyOf: ({ id }) => id,
    rows: ['000010', '000009', '000002', '000001'],
  },
};
const all = Object.entries(lists);
/** Behind the first row of each. */
const cursors = new Map<string, string>();
const ofTenants = all.filter(([, { path }]) => path.startsWith('/v1/'));

/** A sealing and a run each see what was posted before. */
async function settle(tenant: Caller): Promise<string> {
  const jobs = await world.connect('stockade_jobs');
  await sealOrganization(jobs, tenant.id);
  const lease = await takeLease(jobs, tenant.id);
  if (!lease) throw new Error('somebody else reconciles it');
  const time = { remainingMs: () => Number.POSITIVE_INFINITY };
  return (await reconcileOrganization(jobs, lease, { kind: 'full', time })).runId;
}

beforeAll(async () => {
  await world.createOrganization('b1');
  [globex, acme] = [await world.createOrganization('globex'), await world.createOrganization('acme')];
  [many, moving] = [await world.createOrganization('b-1'), await world.createOrganization('moving')];
  const { items, locations, movements, users, reconciliations, reservations, drills } = lists as Record<
    string,
    List
  >;

  for (const sku of ['Z', '#10', 'é', 'a', '#9', '품목', 'A b']) await acme.item(sku);
  await acme.item('LOT', { tracking: 'lot' });
  for (const code of ['b', 'a2', 'B', 'a10']) await acme.location(code);
  const at = (sku: string, location: string, lot?: string) => ({ sku, location, lot, quantity: 1 });
  const entries = [
    [at('LOT', 'B', 'L9'), at('#10', 'b'), at('LOT', 'B', 'L10')],
    [at('a', 'B')],
    [at('LOT', 'a2', 'L9'), at('#10', 'B')],
  ];
  for (const lines of entries) {
    const posted = await acme.post('receipt', ...lines);
    movements?.rows.unshift(...posted.body.lines.map(({ movementId }: Row) => movementId));
    reconciliations?.rows.unshift(await settle(acme));
    const { body } = await acme.request('POST', '/v1/reservations', {
      lines: [{ ...at('#10', 'b'), quantity: 0.1 }],
    });
    reservations?.rows.unshift(body.id);
  }

  for (const email of users?.rows.toReversed() ?? []) await world.join(email, acme, 'viewer');
  await datedKeys();
  for (const id of drills?.rows.toReversed() ?? []) {
    const asOf = new Date(Date.UTC(2026, 0, Number(id)));
    const drill = { kind: 'snapshot', source: 'stockade', instance: `drill-${id}`, keep: false } as const;
    await recordMilestone(id, asOf, 'requested', { ...drill, asOf: asOf.toISOString() }, asOf);
  }

  await globex.item(items?.rows[3] ?? '', { tracking: 'lot' });
  await globex.location(locations?.rows[2] ?? '');
  await globex.post('receipt', at('LOT', 'a2', 'L1'));
  await globex.request('POST', '/v1/reservations', { lines: [at('LOT', 'a2', 'L1')] });
  await world.join('ada@example.com', globex, 'admin');
  await settle(globex);
  for (const [name, list] of all) cursors.set(name, (await ask(list, 'limit=1')).body.nextCursor);
});

/** Keys of which two were made in the same millisecond: then the id decides. */
async function datedKeys(): Promise<void> {
  const made: string[] = [parseApiKey(acme.apiKey, 'test')?.keyId ?? ''];
  for (const name of ['one', 'two', 'three'])
    made.push((await acme.request('POST', '/v1/api-keys', { name, scopes: ['read'] })).body.id);
  const superuser = await world.superuser();
  const [first = '', ...others] = made;
  const [oldest = '', ...twins] = others;
  const days: [string | undefined, number][] = [
    [first, 3],
    [oldest, 1],
    [twins[0], 2],
    [twins[1], 2],
  ];
  for (const [id, day] of days)
    await superuser.query('update tenancy.api_keys set created_at = $2 where key_id = $1', [
      id,
      new Date(Date.UTC(2026, 0, day)),
    ]);
  lists['api-keys']?.rows.push(first, ...twins.toSorted().toReversed(), oldest);
}

function ask({ path }: List, query: string, tenant: Caller = acme): Promise<Answer> {
  const { request } = path.startsWith('/v1/') ? tenant : world.operator;
  return request('GET', `${path}?${query}`);
}

/** The parts of a list, from the first to the one that says there is no more. */
async function walk(list: List, limit: number): Promise<Row[][]> {
  const parts: Row[][] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const { status, body }: Answer = await ask(list, `limit=${limit}${cursor && `&cursor=${cursor}`}`);
    expect([status, typeof body.nextCursor]).toEqual([200, body.nextCursor === null ? 'object' : 'string']);
    parts.push(body.data);
    if (parts.length > list.rows.length) throw new Error('the list has no end');
    cursor = body.nextCursor;
  }
  return parts;
}

describe.each(all)('the list of %s', (name, list) => {
  test('has its rows in the documented order, and ends with null', async () => {
    const { status, body } = await ask(list, 'limit=200');
    expect([status, body.nextCursor]).toEqual([200, null]);
    expect(body.data.map(list.keyOf)).toEqual(list.rows);
    expect((await ask(list, '')).body).toEqual(body);
  });

  test('is the same in parts of any size: complete, nothing twice, null exactly at the end', async () => {
    const whole = (await ask(list, 'limit=200')).body.data;
    const count = list.rows.length;
    for (const limit of [1, 2, count - 1, count, count + 1]) {
      const parts = await walk(list, limit);
      expect(parts.flat()).toEqual(whole);
      const sizes = parts.map((part) => part.length);
      const full = Array(Math.ceil(count / limit) - 1).fill(limit);
      expect(sizes).toEqual([...full, count - limit * full.length]);
    }
  });

  test('refuses a limit or a cursor that is none, and what it does not know', async () => {
    const wrong = 'is not a cursor of this list: pass "nextCursor" back unchanged';
    for (const [query, field, message] of [
      ['limit=0', 'limit', 'must be at least 1'],
      ['limit=201', 'limit', 'must be at most 200'],
      ['limit=1.5', 'limit', 'must be a whole number'],
      ['limit=', 'limit', 'must be a whole number'],
      ['limit=1&limit=2', 'limit', 'must be a whole number'],
      ['cursor=', 'cursor', wrong],
      ['cursor=x', 'cursor', wrong],
      ['colour=red', 'colour', 'is not a field here: check its spelling or leave it out'],
    ] as const)
      expectProblem(await ask(list, query), wrongFields([field, message]));
  });

  test('refuses the cursors of other lists, as far as they differ from its own', async () => {
    for (const [other, cursor] of cursors) {
      const answer = await ask(list, `cursor=${cursor}`);
      const isTaken = other === name || list.alike?.includes(other);
      expect([other, answer.status]).toEqual([other, isTaken ? 200 : 400]);
    }
  });

  test.each([
    ['NUL', ['\0', 'a\0@', '\0']],
    ['half a surrogate pair', ['\ud800', '\ud800@', '\ud800']],
    ['a day that is not', ['2026-02-30T00:00:00.000Z', 'A'.repeat(12)]],
    ['the year 0', ['0000-01-01T00:00:00.000Z', 'A'.repeat(12)]],
    ['a number that is too large', ['9'.repeat(16), '9'.repeat(10)]],
  ])('answers 200 or 400 to a forged cursor with %s', async (_, parts) => {
    const own = JSON.parse(Buffer.from(cursors.get(name) ?? '', 'base64url').toString());
    const cursor = Buffer.from(JSON.stringify(parts.slice(0, own.length))).toString('base64url');
    expect([200, 400]).toContain((await ask(list, `cursor=${cursor}`)).status);
  });
});

test.each(ofTenants)('a cursor of %s shows nothing of the tenant that had it before', async (name, list) => {
  const own = (await ask(list, 'limit=200', globex)).body.data;
  expect(own).not.toEqual([]);
  const theirs = (await ask(list, 'limit=200')).body.data;
  const { status, body } = await ask(list, `limit=200&cursor=${cursors.get(name)}`, globex);
  expect([status, body.nextCursor]).toEqual([200, null]);
  for (const row of body.data) {
    expect(own).toContainEqual(row);
    expect(theirs).not.toContainEqual(row);
  }
});

test('a list is fifty rows unless said, two hundred at most', async () => {
  const superuser = await world.superuser();
  const skus = Array.from({ length: 201 }, (_, n) => `N${String(n).padStart(3, '0')}`);
  await superuser.query(
    `insert into inventory.items (org_id, sku, name) select $1, sku, sku from unnest($2::text[]) sku`,
    [many.id, skus],
  );
  const ofMany = async (query: string) => {
    const { body } = await many.request('GET', `/v1/items?${query}`);
    return [body.data.map(({ sku }: Row) => sku), body.nextCursor];
  };
  expect(await ofMany('')).toEqual([skus.slice(0, 50), expect.any(String)]);
  const [most, next] = await ofMany('limit=200');
  expect([most, typeof next]).toEqual([skus.slice(0, 200), 'string']);
  expect(await ofMany(`cursor=${next}`)).toEqual([skus.slice(200), null]);
});

test('a list goes on where it was, whatever came and went meanwhile', async () => {
  for (const sku of ['A', 'C', 'E']) await moving.item(sku);
  const { nextCursor } = (await moving.request('GET', '/v1/items?limit=2')).body;
  expect((await moving.request('DELETE', '/v1/items/C')).status).toBe(204);
  for (const sku of ['B', 'D']) await moving.item(sku);
  const { body } = await moving.request('GET', `/v1/items?cursor=${nextCursor}`);
  expect([body.data.map(({ sku }: Row) => sku), body.nextCursor]).toEqual([['D', 'E'], null]);
});
