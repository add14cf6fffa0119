import { beforeAll, describe, expect, test } from 'vitest';
import { expectProblem, wrongFields } from '#tests/api/problem-document.ts';
import { type Caller, openWorld } from '#tests/world.ts';
import { balancesOf, newItem, outOfRange, postedEntry } from './answers.ts';

const world = openWorld();
let acme: Caller;

beforeAll(async () => {
  acme = await world.createOrganization();
  for (const code of ['MAIN', 'SHOP']) await acme.location(code);
});

/** Posts adjustments of one item, each an entry. */
async function adjust(sku: string, ...quantities: number[]): Promise<number> {
  for (const quantity of quantities) await acme.post('adjustment', { sku, location: 'MAIN', quantity });
  return await acme.onHand(sku);
}

describe('sums are exact where binary fractions are not', () => {
  test.each([
    [[0.1, 0.2], 0.3],
    [[0.7, 0.1], 0.8],
    [[0.3, -0.2], 0.1],
    [[1.0001, 2.0002], 3.0003],
    [[1.1, 2.2, 3.3], 6.6],
    [[99_999_999_999.9998, 0.0001], 99_999_999_999.9999],
    [[12_345_678_901.2345, 0.0001, -0.0002], 12_345_678_901.2344],
    [[0.0001, -0.0001], 0],
  ])('%j', async (quantities, sum) => {
    const sku = await newItem(acme);
    expect(await adjust(sku, ...quantities)).toBe(sum);
    expect(await balancesOf(acme, sku)).toEqual([['MAIN', null, sum, quantities.length]]);
  });

  test('over the lines of one entry', async () => {
    const sku = await newItem(acme);
    const lines = Array.from({ length: 30 }, (_, n) => ({
      sku,
      location: n % 2 ? 'MAIN' : 'SHOP',
      quantity: (n + 1) / 10_000,
    }));
    const { body } = await acme.post('receipt', ...lines);
    expect(body.lines.map((line: { quantity: number }) => line.quantity)).toEqual(
      lines.map(({ quantity }) => quantity),
    );
    expect(await balancesOf(acme, sku)).toEqual([
      ['MAIN', null, 0.024, 15],
      ['SHOP', null, 0.0225, 15],
    ]);
    expect(await acme.onHand(sku)).toBe(0.0465);
  });

  test('over the locations of an item', async () => {
    const sku = await newItem(acme);
    await acme.post(
      'receipt',
      { sku, location: 'MAIN', quantity: 0.1 },
      { sku, location: 'SHOP', quantity: 0.2 },
    );
    expect(await acme.onHand(sku)).toBe(0.3);
  });
});

describe('a quantity at its bounds', () => {
  test.each([99_999_999_999.9999, -99_999_999_999.9999, 12_345_678_901.2345, 0.0001, -0.0001, 1e-4, 1e10])(
    '%d is posted, and comes back digit for digit',
    async (quantity) => {
      const sku = await newItem(acme, { allowNegative: true });
      const { body } = await acme.post('adjustment', { sku, location: 'MAIN', quantity });
      expect(body).toEqual(postedEntry(body, 'adjustment', [[sku, 'MAIN', null, quantity, quantity, 1]]));
      const { body: entry } = await acme.request('GET', `/v1/entries/${body.entryId}`);
      expect(entry.lines[0].quantity).toBe(quantity);
    },
  );

  test.each([
    [100_000_000_000, 'must have at most eleven digits before the point'],
    [-100_000_000_000, 'must have at most eleven digits before the point'],
    [0.00001, 'must have at most four decimals'],
    [-1.00001, 'must have at most four decimals'],
    [0, 'must not be zero'],
    [-0, 'must not be zero'],
    ['1', 'must be a number'],
    [null, 'must be a number'],
    [undefined, 'is missing'],
  ])('%j is refused: %s', async (quantity, message) => {
    const sku = await newItem(acme, { allowNegative: true });
    const answer = await acme.request('POST', '/v1/movements', {
      kind: 'adjustment',
      lines: [{ sku, location: 'MAIN', quantity }],
    });
    expectProblem(answer, wrongFields(['lines[0].quantity', message]));
    expect(await balancesOf(acme, sku)).toEqual([]);
  });
});

describe('the sign goes with the kind', () => {
  const doesNotSum = {
    status: 422,
    code: 'invalid_input',
    detail: 'A transfer moves stock: per item and lot its quantities must sum to zero.',
    errors: [{ field: 'lines', message: 'do not sum to zero per item and lot' }],
  };

  test.each([
    ['receipt', -1, 'must be greater than zero: a receipt adds stock'],
    ['return', -0.0001, 'must be greater than zero: a return adds stock'],
    ['issue', 0.0001, 'must be less than zero: an issue takes stock'],
  ])('a line of a %s of %d is refused, and only that line is named', async (kind, quantity, message) => {
    const sku = await newItem(acme, { allowNegative: true });
    const right = { sku, location: 'MAIN', quantity: -quantity };
    const answer = await acme.request('POST', '/v1/movements', {
      kind,
      lines: [right, { ...right, quantity }, right],
    });
    expectProblem(answer, wrongFields(['lines[1].quantity', message]));
    expect(await balancesOf(acme, sku)).toEqual([]);
  });

  test('a transfer sums to zero per item, or is refused', async () => {
    const [sku, other] = [await newItem(acme), await newItem(acme)];
    await acme.post(
      'receipt',
      { sku, location: 'MAIN', quantity: 5 },
      { sku: other, location: 'MAIN', quantity: 5 },
    );
    // All in all it sums to zero; per item it does not.
    const answer = await acme.request('POST', '/v1/movements', {
      kind: 'transfer',
      lines: [
        { sku, location: 'MAIN', quantity: -1 },
        { sku: other, location: 'MAIN', quantity: 1 },
      ],
    });
    expectProblem(answer, doesNotSum);
    expect(await balancesOf(acme, sku)).toEqual([['MAIN', null, 5, 1]]);
  });

  test('a transfer sums to zero per lot, or is refused', async () => {
    const sku = await newItem(acme, { tracking: 'lot' });
    await acme.post('receipt', { sku, location: 'MAIN', lot: 'A', quantity: 5 });
    const answer = await acme.request('POST', '/v1/movements', {
      kind: 'transfer',
      lines: [
        { sku, location: 'MAIN', lot: 'A', quantity: -1 },
        { sku, location: 'SHOP', lot: 'B', quantity: 1 },
      ],
    });
    expectProblem(answer, doesNotSum);
  });
});

describe('a balance that would leave its fifteen digits', () => {
  test.each([
    ['above', 99_999_999_999.9999, 0.0001],
    ['below', -99_999_999_999.9999, -0.0001],
  ])('%s is refused, and stays as it was', async (_, most, more) => {
    const sku = await newItem(acme, { allowNegative: true });
    expect(await adjust(sku, most)).toBe(most);
    const answer = await acme.request('POST', '/v1/movements', {
      kind: 'adjustment',
      lines: [{ sku, location: 'MAIN', quantity: more }],
    });
    expectProblem(answer, outOfRange);
    expect(await balancesOf(acme, sku)).toEqual([['MAIN', null, most, 1]]);
  });

  test('is refused when the lines of one entry leave it only together', async () => {
    const sku = await newItem(acme);
    const line = { sku, location: 'MAIN', quantity: 60_000_000_000 };
    const answer = await acme.request('POST', '/v1/movements', { kind: 'receipt', lines: [line, line] });
    expectProblem(answer, outOfRange);
    expect(await balancesOf(acme, sku)).toEqual([]);
  });
});
