import { randomInt } from 'node:crypto';
import { expect, test } from 'vitest';
import { tidy } from '#ledger/tidy.ts';
import { deadlocksIn } from '#tests/deadlocks.ts';
import { openWorld } from '#tests/world.ts';
import { drift, path, reserve, stock } from './holds.ts';

const world = openWorld();

test('whatever is held, committed, released, extended, issued and expires at once: nothing is sold twice, and sums are right', async () => {
  const acme = await world.createOrganization();
  const skus = ['A', 'B', 'C'];
  await acme.location('MAIN');
  for (const sku of skus) {
    await acme.item(sku);
    await acme.post('receipt', { sku, location: 'MAIN', quantity: 12 });
  }
  const deadlocks = await deadlocksIn(world.adminUrl);
  const open: string[] = [];
  const statuses = new Set<number>();
  const soon = () => new Date(Date.now() + randomInt(5, 120)).toISOString();
  const some = (sign = 1) =>
    skus
      .filter(() => randomInt(2) === 0)
      .sort(() => randomInt(3) - 1)
      .map((sku) => ({ sku, location: 'MAIN', quantity: sign * randomInt(1, 4) }));
  const anyOpen = () => open[randomInt(Math.max(open.length, 1))] ?? '0197b1f2-8d20-7c41-8a36-1f0e5c9b2d77';
  const settle = (action: string) => {
    const lines = randomInt(2) === 0 ? some() : [];
    return acme.request('POST', path(anyOpen(), action), lines.length > 0 ? { lines } : {});
  };
  const acts = [
    async () => {
      const lines = some();
      if (lines.length === 0) return 201;
      const { status, body } = await reserve(acme, lines, {
        partial: randomInt(2) === 0,
        expiresAt: randomInt(3) === 0 ? null : soon(),
      });
      if (status === 201) open.push(body.id);
      return status;
    },
    async () => (await settle('/commit')).status,
    async () => (await settle('/release')).status,
    async () => (await acme.request('PATCH', path(anyOpen()), { expiresAt: soon() })).status,
    async () => {
      const lines = some(-1);
      if (lines.length === 0) return 201;
      return (await acme.request('POST', '/v1/movements', { kind: 'issue', lines })).status;
    },
    async () => {
      const entries = [some(), some(-1)].filter(({ length }) => length > 0);
      if (entries.length === 0) return 200;
      const posted = entries.map((lines) => ({ kind: 'adjustment', lines }));
      return (await acme.request('POST', '/v1/movements:batch', { mode: 'each', entries: posted })).status;
    },
  ];
  const jobs = await world.connect('stockade_jobs');
  let isOver = false;
  const sweeping = (async () => {
    while (!isOver) await tidy(jobs, { organization: acme.id });
  })();
  const client = async () => {
    for (let turn = 0; turn < 40; turn += 1) {
      const status = await acts[randomInt(acts.length)]?.();
      if (status !== undefined) statuses.add(status);
      // Meanwhile nobody ever reads that more is held than there is.
      const [onHand = 0, reserved = 0, available = 0] = await stock(acme, skus[turn % 3] as string);
      expect([available >= 0, onHand >= reserved]).toEqual([true, true]);
    }
  };
  await Promise.all(Array.from({ length: 10 }, client));
  isOver = true;
  await sweeping;

  // 404 is answered before anything was held, 422 when a time has passed on the way.
  expect([...statuses].filter((status) => ![200, 201, 404, 409, 422].includes(status))).toEqual([]);
  expect(await drift(world, acme)).toEqual([]);
  expect(await deadlocksIn(world.adminUrl)).toBe(deadlocks);
  const { rows } = await (await world.superuser()).query(
    `select
       (select coalesce(sum(committed), 0) from inventory.reservation_lines where org_id = $1)::float8 as committed,
       (
         select coalesce(-sum(m.quantity), 0)
         from inventory.movements m
         join inventory.reservation_entries e on e.org_id = m.org_id and e.entry_id = m.entry_id
         where m.org_id = $1
       )::float8 as issued`,
    [acme.id],
  );
  expect(rows[0].committed).toBe(rows[0].issued);
  expect(rows[0].committed).toBeGreaterThan(0);
});
