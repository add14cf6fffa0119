import { afterEach, beforeAll, expect, test } from 'vitest';
import { handler as tidyHandler } from '#functions/jobs/tidy.lambda.ts';
import { tidy } from '#ledger/tidy.ts';
import { newItem } from '#tests/ledger/answers.ts';
import { type Caller, openWorld } from '#tests/world.ts';
import { drift, held, letExpire, path, reservation, reserve, stock } from './holds.ts';

const world = openWorld();
let acme: Caller;

beforeAll(async () => {
  acme = await world.createOrganization();
  await acme.location('MAIN');
});

afterEach(async () => {
  expect(await drift(world, acme)).toEqual([]);
});

async function stocked(quantity: number): Promise<string> {
  const sku = await newItem(acme);
  await acme.post('receipt', { sku, location: 'MAIN', quantity });
  return sku;
}

const line = (sku: string, quantity: number) => ({ sku, location: 'MAIN', quantity });

/** What the database has stored of an item as reserved. */
async function stored(sku: string): Promise<number> {
  const { rows } = await (await world.superuser()).query(
    `select sum(b.reserved)::float8 as reserved
     from inventory.balances b join inventory.items i on i.org_id = b.org_id and i.id = b.item_id
     where i.org_id = $1 and i.sku = $2`,
    [acme.id, sku],
  );
  return rows[0].reserved;
}

test('an expired hold counts for nothing in any answer, although nobody has written so', async () => {
  const sku = await stocked(10);
  const expired = await held(acme, [line(sku, 6)]);
  await held(acme, [line(sku, 1)]);
  await letExpire(world, expired);
  expect(await stored(sku)).toBe(7);

  expect(await stock(acme, sku)).toEqual([10, 1, 9]);
  expect((await acme.request('GET', `/v1/balances?sku=${sku}`)).body.data).toMatchObject([
    { onHand: 10, reserved: 1, available: 9 },
  ]);
  const { body } = await acme.request('GET', path(expired));
  expect(body).toEqual(
    reservation(body, [[sku, 'MAIN', null, 6, 0, 0, 6]], {
      state: 'expired',
      expiresAt: body.expiresAt,
      closedAt: body.expiresAt,
    }),
  );
  expect(await stored(sku)).toBe(7);
});

test('a posting may take what an expired hold held, and no more', async () => {
  const sku = await stocked(10);
  await letExpire(world, await held(acme, [line(sku, 6)]));
  await held(acme, [line(sku, 3)]);
  const issue = (quantity: number) =>
    acme.request('POST', '/v1/movements', { kind: 'issue', lines: [line(sku, -quantity)] });
  expect(await issue(7.0001)).toMatchObject({
    status: 409,
    body: { lines: [{ available: 7, requested: 7.0001 }] },
  });
  expect((await issue(5)).body.lines[0].balance).toEqual({
    onHand: 5,
    reserved: 3,
    available: 2,
    version: 2,
  });
  const { body } = await acme.request('POST', '/v1/movements:batch', {
    mode: 'atomic',
    entries: [{ kind: 'issue', lines: [line(sku, -2)] }],
  });
  expect(body.results[0].entry.lines[0].balance).toEqual({
    onHand: 3,
    reserved: 3,
    available: 0,
    version: 3,
  });
  expect(await issue(0.0001)).toMatchObject({ status: 409, body: { lines: [{ available: 0 }] } });
});

test('a reservation takes over what others let expire, and clears some of it away', async () => {
  const sku = await stocked(30);
  for (let index = 0; index < 15; index += 1) await letExpire(world, await held(acme, [line(sku, 2)]));
  // Each of them has cleared away what had expired by then.
  expect(await stored(sku)).toBe(2);
});

test('one reservation clears away ten expired holds of a balance, and leaves the others to the next', async () => {
  const sku = await stocked(100);
  const ids = [];
  for (let index = 0; index < 13; index += 1) ids.push(await held(acme, [line(sku, 2)]));
  for (const id of ids) await letExpire(world, id);
  expect(await stored(sku)).toBe(26);
  expect((await reserve(acme, [line(sku, 100)])).status).toBe(201);
  expect(await stored(sku)).toBe(106);
  expect(await stock(acme, sku)).toEqual([100, 100, 0]);
});

test('the daily run closes what has expired, and nothing that is read changes', async () => {
  const sku = await stocked(10);
  const ids = [await held(acme, [line(sku, 2), line(sku, 1)]), await held(acme, [line(sku, 3)])];
  const open = await held(acme, [line(sku, 1)]);
  // A part of the first is committed before.
  await acme.request('POST', path(ids[0] as string, '/commit'), { lines: [line(sku, 1)] });
  for (const id of ids) await letExpire(world, id);
  const read = async () => [
    await stock(acme, sku),
    (await acme.request('GET', path(ids[0] as string))).body,
    (await acme.request('GET', path(ids[1] as string))).body,
    (await acme.request('GET', `/v1/reservations?sku=${sku}&state=expired`)).body,
    (await acme.request('GET', `/v1/reservations?sku=${sku}&state=open`)).body,
  ];
  const before = await read();
  expect(before[0]).toEqual([9, 1, 8]);
  expect(before[1]).toMatchObject({
    state: 'expired',
    lines: [{ committed: 1, released: 1 }, { released: 1 }],
  });

  const jobs = await world.connect('stockade_jobs');
  const counted = await tidy(jobs, { organization: acme.id, trial: true });
  expect(counted.reservations).toBeGreaterThanOrEqual(2);
  expect(await stored(sku)).toBe(6);
  const closed = await tidy(jobs, { organization: acme.id });
  expect(closed).toMatchObject({ reservations: counted.reservations, left: 0 });
  expect(await stored(sku)).toBe(1);
  expect(await read()).toEqual(before);
  expect(await tidyHandler({}, { getRemainingTimeInMillis: () => 900_000 } as never)).toMatchObject({
    reservations: 0,
  });
  expect((await acme.request('GET', path(open))).body.state).toBe('open');
});

test('more reservations than fit one page are closed, each with its lines', async () => {
  const sku = await stocked(100);
  for (let index = 0; index < 45; index += 1) await held(acme, [line(sku, 1), line(sku, 1)]);
  const superuser = await world.superuser();
  await superuser.query(
    "update inventory.reservations set expires_at = now() - interval '1 second' where org_id = $1 and state = 'open' and id in (select reservation_id from inventory.reservation_lines l join inventory.items i on i.id = l.item_id where i.sku = $2)",
    [acme.id, sku],
  );
  const jobs = await world.connect('stockade_jobs');
  expect(await tidy(jobs, { organization: acme.id })).toMatchObject({ reservations: 45 });
  expect([await stored(sku), await stock(acme, sku)]).toEqual([0, [100, 0, 100]]);
});
