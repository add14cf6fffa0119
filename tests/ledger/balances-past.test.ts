import type { Client } from 'pg';
import { beforeAll, describe, expect, test } from 'vitest';
import { drawBoundary } from '#audit/seals/boundary.ts';
import { sealOrganization } from '#audit/seals/seal-organization.ts';
import { type Caller, openWorld } from '#tests/world.ts';

interface Movement {
  readonly recorded: string;
  readonly effective: string;
  readonly sku: string;
  readonly location: string;
  readonly lot: string;
  readonly quantity: number;
}

const world = openWorld();
const at = (time: string) => `2026-01-01T${time}Z`;
const [longBefore, farAhead] = ['2025-06-01T00:00:00.000Z', '2126-06-01T00:00:00.000Z'];

/** The history of every organization here, in the order of its ids: an entry each. What takes effect when is another order. */
const history: Movement[] = [
  ['00:01:00.000', at('00:10:00.000'), 'BOLT', 'MAIN', '', 0.1],
  ['00:02:00.000', '2025-12-01T00:00:00.000Z', 'MILK', 'MAIN', 'L1', 1.5],
  ['00:03:00.000', at('00:03:00.000'), 'MILK', 'MAIN', 'L2', 2],
  ['00:04:00.000', at('00:04:00.000'), 'MILK', 'MAIN', 'L1', 0.25],
  ['00:05:00.000', at('00:02:00.000'), 'BOLT', 'SHOP', '', 7],
  ['00:06:00.000', at('00:06:00.000'), 'BOLT', 'MAIN', '', 0.2],
  ['00:07:00.000', at('00:03:30.000'), 'MILK', 'MAIN', 'L2', -2],
  ['00:08:00.000', farAhead, 'BOLT', 'SHOP', '', -0.3001],
].map(([time, effective, sku, location, lot, quantity]) => ({
  recorded: at(time as string),
  effective: effective as string,
  sku: sku as string,
  location: location as string,
  lot: lot as string,
  quantity: quantity as number,
}));

/** After which movements each organization was sealed. */
const plans: Readonly<Record<string, readonly number[]>> = {
  'never sealed': [],
  'sealed once': [3],
  'sealed twice': [2, 5],
  'sealed at every entry': [1, 2, 3, 4, 5, 6, 7, 8],
};
const callers = new Map<string, Caller>();
let superuser: Client;
let jobs: Client;

beforeAll(async () => {
  superuser = await world.superuser();
  jobs = await world.connect('stockade_jobs');
  for (const [plan, seals] of Object.entries(plans)) {
    const tenant = await world.createOrganization();
    callers.set(plan, tenant);
    await tenant.item('BOLT', { allowNegative: true });
    await tenant.item('MILK', { tracking: 'lot', allowNegative: true });
    await tenant.item('NEVER');
    for (const code of ['MAIN', 'SHOP']) await tenant.location(code);
    for (const [index, movement] of history.entries()) {
      await record(tenant, movement);
      if (seals.includes(index + 1)) await seal(tenant, movement.recorded, seals.indexOf(index + 1) + 1);
    }
  }
});

/** Writes an entry as it would have been at another time. */
async function record(tenant: Caller, movement: Movement): Promise<void> {
  const { recorded, effective, sku, location, lot, quantity } = movement;
  await superuser.query('begin');
  await superuser.query('select tenancy.enter_as_job($1)', [tenant.id]);
  await superuser.query(
    `with entry as (
       insert into inventory.entries (org_id, id, kind, occurred_at, recorded_at, actor)
       values ($1, inventory.new_id(), 'adjustment', $2, $3, 'job') returning *
     )
     insert into inventory.movements
       (org_id, entry_id, line, item_id, location_id, lot, quantity, occurred_at, recorded_at)
     select e.org_id, e.id, 1, i.id, l.id, $6, $7, e.occurred_at, e.recorded_at
     from entry e
     join inventory.items i on i.org_id = e.org_id and i.sku = $4
     join inventory.locations l on l.org_id = e.org_id and l.code = $5`,
    [tenant.id, effective, recorded, sku, location, lot, quantity],
  );
  await superuser.query('commit');
}

/** Seals all there is, as if it were that instant now. */
async function seal(tenant: Caller, settled: string, seq: number): Promise<void> {
  expect(await drawBoundary(jobs, tenant.id)).toBe(true);
  await superuser.query('update inventory.seal_boundaries set settled_through = $2 where org_id = $1', [
    tenant.id,
    settled,
  ]);
  expect((await sealOrganization(jobs, tenant.id)).seals).toMatchObject([{ seq }]);
}

const shifted = (instant: string, ms: number) => new Date(Date.parse(instant) + ms).toISOString();

/** Each instant at which something was recorded, or took effect, and a millisecond on either side of it. */
const instants = (basis: Basis) => [
  longBefore,
  ...new Set(history.flatMap((movement) => [-1, 0, 1].map((ms) => shifted(movement[basis], ms)))),
];

type Basis = 'recorded' | 'effective';
interface Row {
  readonly sku: string;
  readonly location: string;
  readonly lot: string | null;
  readonly onHand: number;
  readonly version: number;
}

/** The balances of then from the history alone, by SKU, location and lot. Sums are exact in ten-thousandths. */
function expected(asOf: string, basis: Basis): Row[] {
  const rows = new Map<string, Row>();
  for (const movement of history.filter((entry) => entry[basis] <= asOf)) {
    const { sku, location, lot, quantity } = movement;
    const before = rows.get(`${sku} ${location} ${lot}`);
    rows.set(`${sku} ${location} ${lot}`, {
      sku,
      location,
      lot: lot || null,
      onHand: Math.round(((before?.onHand ?? 0) + quantity) * 10_000) / 10_000,
      version: (before?.version ?? 0) + 1,
    });
  }
  return [...rows.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}

/** Whether a seal vouches for an instant. */
function isSealed(plan: string, asOf: string, basis: Basis): boolean {
  const last = history[(plans[plan]?.at(-1) ?? 0) - 1];
  return basis === 'recorded' && last !== undefined && asOf <= last.recorded;
}

const ask = (plan: string, path: string, query: Record<string, string>) =>
  (callers.get(plan) as Caller).request('GET', `${path}?${new URLSearchParams(query)}`);

describe.each(Object.keys(plans))('of an organization %s', (plan) => {
  // By the time of effect no seal helps: two organizations show it.
  const bases: Basis[] = /never|twice/.test(plan) ? ['recorded', 'effective'] : ['recorded'];
  describe.each(bases)('by the time that is %s', (basis) => {
    test('the balances of every instant are what the history adds up to, to the millisecond', async () => {
      const answers = await Promise.all(
        instants(basis).map((asOf) => ask(plan, '/v1/balances', { asOf, basis })),
      );
      expect(answers.map(({ body }) => body)).toEqual(
        instants(basis).map((asOf) => ({
          data: expected(asOf, basis),
          nextCursor: null,
          asOf,
          basis,
          sealed: isSealed(plan, asOf, basis),
        })),
      );
    });

    test.each(['BOLT', 'MILK', 'NEVER'])('so is the balance of %s, in all and per place', async (sku) => {
      for (const asOf of [longBefore, at('00:03:00.000'), at('00:06:00.000'), farAhead]) {
        const { body } = await ask(plan, `/v1/items/${sku}/balance`, { asOf, basis });
        const rows = expected(asOf, basis).filter((row) => row.sku === sku);
        expect(body).toEqual({
          sku,
          asOf,
          basis,
          sealed: isSealed(plan, asOf, basis),
          onHand: rows.reduce((sum, { onHand }) => sum + Math.round(onHand * 10_000), 0) / 10_000,
          locations: rows.map(({ sku: _, ...place }) => place),
        });
      }
    });
  });
});

test.each(Object.keys(plans))(
  'how many movements an answer adds up is known before: those between two seals, of an organization %s',
  async (plan) => {
    const { id } = callers.get(plan) as Caller;
    const seals = plans[plan] ?? [];
    const recordedAt = (seal: number) => history[seal - 1]?.recorded ?? '';
    await superuser.query('begin');
    await superuser.query('select tenancy.enter_as_job($1)', [id]);
    await superuser.query('set local role stockade_owner');
    for (const asOf of instants('recorded')) {
      const { rows } = await superuser.query(
        `select inventory.balances_then(array(select b from inventory.balances b), $1, 'recorded') -> 'movements' as movements`,
        [asOf],
      );
      const nearest = seals.findLast((seal) => recordedAt(seal) <= asOf) ?? 0;
      const settled = seals.find((seal) => recordedAt(seal) >= asOf) ?? history.length;
      expect([asOf, rows[0].movements]).toEqual([asOf, settled - nearest]);
    }
    await superuser.query('rollback');
  },
);

const filters: [query: Record<string, string>, passes: (row: Row) => boolean, rows: number][] = [
  [{ sku: 'BOLT' }, ({ sku }) => sku === 'BOLT', 2],
  [{ location: 'MAIN' }, ({ location }) => location === 'MAIN', 3],
  [{ lot: 'L1' }, ({ lot }) => lot === 'L1', 1],
  [{ lot: '' }, ({ lot }) => lot === null, 2],
  [{ sku: 'MILK', location: 'MAIN', lot: 'L2' }, ({ lot }) => lot === 'L2', 1],
  [{ sku: 'NONE' }, () => false, 0],
  [{}, () => true, 4],
];

describe.each<Basis>(['recorded', 'effective'])('balances of the past by the time that is %s', (basis) => {
  const asOf = at('00:30:00.000');

  test.each(filters)('are filtered by %j, one at a time too', async (query, passes, count) => {
    const rows = expected(asOf, basis).filter(passes);
    expect(rows).toHaveLength(count);
    const whole = await ask('sealed twice', '/v1/balances', { ...query, asOf, basis });
    expect(whole.body).toEqual({ data: rows, nextCursor: null, asOf, basis, sealed: false });
    const parts: Row[] = [];
    let cursor: Record<string, string> = {};
    // A list that has no end must not keep the test from one.
    while (parts.length <= rows.length) {
      const { body } = await ask('sealed twice', '/v1/balances', {
        ...query,
        asOf,
        basis,
        limit: '1',
        ...cursor,
      });
      expect(body.data.length).toBe(Math.min(1, count));
      parts.push(...body.data);
      if (body.nextCursor === null) break;
      cursor = { cursor: body.nextCursor };
    }
    expect(parts).toEqual(rows);
  });
});

test('without a basis it is the time of recording', async () => {
  const asOf = at('00:03:00.000');
  for (const path of ['/v1/balances', '/v1/items/MILK/balance']) {
    const { body } = await ask('sealed once', path, { asOf });
    expect(body).toEqual((await ask('sealed once', path, { asOf, basis: 'recorded' })).body);
    expect(body).toMatchObject({ basis: 'recorded', sealed: true });
  }
});

test.each([
  ['2026-01-01T05:33:00+05:30', '2026-01-01T00:03:00.000Z'],
  ['2025-12-31T20:03:00-04:00', '2026-01-01T00:03:00.000Z'],
  ['2026-01-01T00:02:59.9999Z', '2026-01-01T00:02:59.999Z'],
])('the instant %s is answered in UTC to the millisecond: %s', async (sent, asOf) => {
  for (const path of ['/v1/balances', '/v1/items/MILK/balance']) {
    const { body } = await ask('never sealed', path, { asOf: sent });
    expect(body).toEqual((await ask('never sealed', path, { asOf })).body);
    expect(body.asOf).toBe(asOf);
  }
});

test('an instant to come has what there is now', async () => {
  const now = await ask('sealed twice', '/v1/balances', {});
  const then = await ask('sealed twice', '/v1/balances', { asOf: farAhead });
  expect(then.body.data).toEqual(
    now.body.data.map(({ reserved: _, available: __, ...row }: Record<string, unknown>) => row),
  );
});
