import { beforeAll, describe, expect, test } from 'vitest';
import { expectProblem } from '#tests/api/problem-document.ts';
import { type Caller, openWorld } from '#tests/world.ts';
import { balancesOf, insufficientStock, newItem, postedEntry } from './answers.ts';

const world = openWorld();
let acme: Caller;

beforeAll(async () => {
  acme = await world.createOrganization();
  for (const code of ['MAIN', 'SHOP']) await acme.location(code);
});

const post = (kind: string, ...lines: object[]) => acme.request('POST', '/v1/movements', { kind, lines });

describe('stock', () => {
  test('can be issued to the last of what is available, and not 0.0001 more', async () => {
    const sku = await newItem(acme);
    await acme.post('receipt', { sku, location: 'MAIN', quantity: 10 });
    const more = await post('issue', { sku, location: 'MAIN', quantity: -10.0001 });
    expectProblem(
      more,
      insufficientStock([{ sku, location: 'MAIN', lot: null, available: 10, requested: 10.0001 }]),
    );
    const all = await post('issue', { sku, location: 'MAIN', quantity: -10 });
    expect(all.body).toEqual(postedEntry(all.body, 'issue', [[sku, 'MAIN', null, -10, 0, 2]]));
  });

  test('that is reserved is not available', async () => {
    const sku = await newItem(acme);
    await acme.post('receipt', { sku, location: 'MAIN', quantity: 10 });
    await acme.request('POST', '/v1/reservations', { lines: [{ sku, location: 'MAIN', quantity: 4 }] });
    const more = await post('issue', { sku, location: 'MAIN', quantity: -6.0001 });
    expectProblem(
      more,
      insufficientStock([{ sku, location: 'MAIN', lot: null, available: 6, requested: 6.0001 }]),
    );
    const { status, body } = await post('issue', { sku, location: 'MAIN', quantity: -6 });
    expect([status, body.lines[0].balance]).toEqual([
      201,
      { onHand: 4, reserved: 4, available: 0, version: 2 },
    ]);
  });

  test('is short for two lines of one item that only together take more than there is', async () => {
    const sku = await newItem(acme);
    await acme.post('receipt', { sku, location: 'MAIN', quantity: 10 });
    const line = { sku, location: 'MAIN', quantity: -5 };
    const answer = await post('issue', line, { ...line, quantity: -5.5 });
    expectProblem(
      answer,
      insufficientStock([{ sku, location: 'MAIN', lot: null, available: 10, requested: 10.5 }]),
    );
    expect(await balancesOf(acme, sku)).toEqual([['MAIN', null, 10, 1]]);
    expect((await post('issue', line, line)).status).toBe(201);
  });

  test('is enough when a line of the same entry brings what another takes', async () => {
    const sku = await newItem(acme);
    const line = { sku, location: 'MAIN', quantity: -5 };
    const { body } = await post('adjustment', line, { ...line, quantity: 5 });
    expect(body).toEqual(
      postedEntry(body, 'adjustment', [
        [sku, 'MAIN', null, -5, 0, 2],
        [sku, 'MAIN', null, 5, 0, 2],
      ]),
    );
  });

  test('is counted per location and lot: what lies elsewhere helps nobody', async () => {
    const milk = await newItem(acme, { tracking: 'lot' });
    await acme.post('receipt', { sku: milk, location: 'MAIN', lot: 'L1', quantity: 5 });
    await acme.post('receipt', { sku: milk, location: 'SHOP', lot: 'L2', quantity: 5 });
    const answer = await post('issue', { sku: milk, location: 'MAIN', lot: 'L2', quantity: -1 });
    expectProblem(
      answer,
      insufficientStock([{ sku: milk, location: 'MAIN', lot: 'L2', available: 0, requested: 1 }]),
    );
  });

  test('that is short is listed by SKU, location and lot, and whatever is not short is left out', async () => {
    const [first, second, milk, debt] = [
      await newItem(acme),
      await newItem(acme),
      await newItem(acme, { tracking: 'lot' }),
      await newItem(acme, { allowNegative: true }),
    ];
    await acme.post(
      'receipt',
      { sku: first, location: 'MAIN', quantity: 1 },
      { sku: second, location: 'MAIN', quantity: 9 },
      { sku: milk, location: 'MAIN', lot: 'B', quantity: 0.5 },
    );
    const answer = await post(
      'issue',
      { sku: milk, location: 'SHOP', lot: 'A', quantity: -0.25 },
      { sku: milk, location: 'MAIN', lot: 'B', quantity: -1 },
      { sku: milk, location: 'MAIN', lot: 'A', quantity: -2 },
      { sku: debt, location: 'MAIN', quantity: -100 },
      { sku: second, location: 'MAIN', quantity: -9 },
      { sku: first, location: 'SHOP', quantity: -3 },
      { sku: first, location: 'MAIN', quantity: -4 },
    );
    expectProblem(
      answer,
      insufficientStock([
        { sku: first, location: 'MAIN', lot: null, available: 1, requested: 4 },
        { sku: first, location: 'SHOP', lot: null, available: 0, requested: 3 },
        { sku: milk, location: 'MAIN', lot: 'A', available: 0, requested: 2 },
        { sku: milk, location: 'MAIN', lot: 'B', available: 0.5, requested: 1 },
        { sku: milk, location: 'SHOP', lot: 'A', available: 0, requested: 0.25 },
      ]),
    );
    expect(await balancesOf(acme, debt)).toEqual([]);
  });

  test('of an item that may go negative is never short', async () => {
    const sku = await newItem(acme, { allowNegative: true });
    const { body } = await post('issue', { sku, location: 'MAIN', quantity: -2.5 });
    expect(body).toEqual(postedEntry(body, 'issue', [[sku, 'MAIN', null, -2.5, -2.5, 1]]));
  });

  test('below zero takes what is brought, and only what takes from it further is refused', async () => {
    const [sku, other] = [await newItem(acme, { allowNegative: true }), await newItem(acme)];
    await acme.post('issue', { sku, location: 'MAIN', quantity: -5 });
    await acme.request('PATCH', `/v1/items/${sku}`, { allowNegative: false });
    const brought = await post('receipt', { sku, location: 'MAIN', quantity: 2 });
    expect(brought.body).toEqual(postedEntry(brought.body, 'receipt', [[sku, 'MAIN', null, 2, -3, 2]]));
    const line = { sku, location: 'MAIN', quantity: 1 };
    const nothing = await post('adjustment', line, { ...line, quantity: -1 });
    expect(nothing.status).toBe(201);
    const short = await post('adjustment', line, { sku: other, location: 'MAIN', quantity: -1 });
    expectProblem(
      short,
      insufficientStock([{ sku: other, location: 'MAIN', lot: null, available: 0, requested: 1 }]),
    );
    const taken = await post('issue', { ...line, quantity: -1 });
    expectProblem(
      taken,
      insufficientStock([{ sku, location: 'MAIN', lot: null, available: -3, requested: 1 }]),
    );
  });
});
