import fc from 'fast-check';
import { expect, test } from 'vitest';
import { drawBoundary } from '#audit/seals/boundary.ts';
import type { Caller } from '#tests/world.ts';
import { openSealedWorld } from './sealed-world.ts';

const sealed = openSealedWorld();
const { world, organization, seal, post } = sealed;

const minuteMs = 60_000;
const start = Date.UTC(2026, 0, 1);
const at = (minute: number) => new Date(start + minute * minuteMs).toISOString();

interface Recorded {
  readonly minute: number;
  readonly sku: 'A' | 'B';
  readonly location: 'MAIN' | 'SHOP';
  readonly quantity: number;
}

/** Writes entries as they come, each with the time it says it was recorded: their ids are in another order. */
async function record(tenant: Caller, entries: readonly Recorded[]): Promise<void> {
  const { superuser } = sealed;
  await superuser.query('begin');
  await superuser.query('select tenancy.enter_as_job($1)', [tenant.id]);
  for (const { minute, sku, location, quantity } of entries) {
    await superuser.query(
      `with entry as (
         insert into inventory.entries (org_id, id, kind, occurred_at, recorded_at, actor)
         values ($1, inventory.new_id(), 'receipt', $2, $2, 'job') returning *
       )
       insert into inventory.movements (org_id, entry_id, line, item_id, location_id, quantity, occurred_at, recorded_at)
       select e.org_id, e.id, 1, i.id, l.id, $5, e.occurred_at, e.recorded_at
       from entry e
       join inventory.items i on i.org_id = e.org_id and i.sku = $3
       join inventory.locations l on l.org_id = e.org_id and l.code = $4`,
      [tenant.id, at(minute), sku, location, quantity],
    );
  }
  await superuser.query('commit');
}

/** Seals as if it were that minute now: everything recorded until then is settled. */
async function sealAt(tenant: Caller, minute: number, mostMovements: number): Promise<void> {
  const jobs = await world.connect('stockade_jobs');
  expect(await drawBoundary(jobs, tenant.id)).toBe(true);
  await sealed.superuser.query(
    'update inventory.seal_boundaries set settled_through = $2 where org_id = $1',
    [tenant.id, at(minute)],
  );
  await seal(tenant, { mostMovements });
  await jobs.end();
}

/** What is on hand by SKU and location, and whether a seal vouches for it. */
async function ask(tenant: Caller, asOf: string) {
  const { body } = await tenant.request('GET', `/v1/balances?asOf=${asOf}`);
  const figures = Object.fromEntries(
    body.data.map((row: { sku: string; location: string; onHand: number; version: number }) => [
      `${row.sku} ${row.location}`,
      [row.onHand, row.version],
    ]),
  );
  return { figures, sealed: body.sealed as boolean };
}

/** The same from the history alone. */
function expected(history: readonly Recorded[], minute: number) {
  const figures: Record<string, [number, number]> = {};
  for (const { sku, location, quantity } of history.filter((entry) => entry.minute <= minute)) {
    const [onHand, version] = figures[`${sku} ${location}`] ?? [0, 0];
    figures[`${sku} ${location}`] = [onHand + quantity, version + 1];
  }
  return figures;
}

const entry = (from: number, to: number) =>
  fc.record<Recorded>({
    minute: fc.integer({ min: from, max: to }),
    sku: fc.constantFrom('A', 'B'),
    location: fc.constantFrom('MAIN', 'SHOP'),
    quantity: fc.integer({ min: 1, max: 9 }),
  });

/** Some days, each of ten minutes; what is recorded on one has any id of that day, and some comes a day late. */
const days = fc.tuple(
  ...[0, 1, 2, 3].map((day) =>
    fc.record({
      entries: fc.array(entry(day * 10 + 1, day * 10 + 10), { maxLength: 6 }),
      settles: fc.integer({ min: 0, max: 10 }),
      mostMovements: fc.integer({ min: 1, max: 8 }),
    }),
  ),
);

test('an instant of the past is answered alike from seals and from history, whatever order ids and times are in', async () => {
  await fc.assert(
    fc.asyncProperty(days, async (plan) => {
      const tenant = await organization();
      const history: Recorded[] = [];
      let settled = Number.NEGATIVE_INFINITY;
      for (const [day, { entries, settles, mostMovements }] of plan.entries()) {
        // What is behind the boundary's instant would be refused.
        const allowed = entries.filter(({ minute }) => minute > settled);
        await record(tenant, allowed);
        history.push(...allowed);
        if (allowed.length === 0) continue;
        settled = day * 10 + settles;
        await sealAt(tenant, settled, mostMovements);
      }
      for (let minute = 0; minute <= 41; minute += 1) {
        const answer = await ask(tenant, at(minute));
        expect([minute, answer]).toEqual([
          minute,
          { figures: expected(history, minute), sealed: minute <= settled },
        ]);
      }
    }),
    { numRuns: 6 },
  );
}, 120_000);

test('an answer that says it is sealed is never another, whatever is posted or sealed afterwards', async () => {
  const tenant = await organization();
  await record(tenant, [
    { minute: 3, sku: 'A', location: 'MAIN', quantity: 5 },
    { minute: 1, sku: 'A', location: 'MAIN', quantity: 2 },
  ]);
  expect(await ask(tenant, at(2))).toEqual({ figures: { 'A MAIN': [2, 1] }, sealed: false });
  await seal(tenant);
  const answers = await Promise.all([0, 1, 2, 3, 4].map((minute) => ask(tenant, at(minute))));
  expect(answers.map((answer) => answer.sealed)).toEqual([true, true, true, true, true]);
  await post(tenant, 4);
  await seal(tenant);
  expect(await Promise.all([0, 1, 2, 3, 4].map((minute) => ask(tenant, at(minute))))).toEqual(answers);
  // And nothing can be recorded there any more.
  await expect(
    record(tenant, [{ minute: 2, sku: 'A', location: 'MAIN', quantity: 1 }]),
  ).rejects.toMatchObject({
    code: '40001',
  });
  await sealed.superuser.query('rollback');
});

test('this minute is not settled, and the time of effect never is', async () => {
  const tenant = await organization();
  await post(tenant, 2);
  await seal(tenant);
  const now = await tenant.request('GET', `/v1/items/A/balance?asOf=${new Date().toISOString()}`);
  expect(now.body).toMatchObject({ onHand: 1.1, sealed: false });
  const effective = await tenant.request('GET', `/v1/items/A/balance?asOf=${at(0)}&basis=effective`);
  expect(effective.body).toMatchObject({ onHand: 0, locations: [], sealed: false });
  const before = await tenant.request('GET', `/v1/items/A/balance?asOf=${at(0)}`);
  expect(before.body).toMatchObject({ onHand: 0, locations: [], sealed: true });
});
