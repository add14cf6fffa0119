import { beforeAll, describe, expect, test } from 'vitest';
import { expectProblem, wrongFields } from '#tests/api/problem-document.ts';
import { type Caller, openWorld } from '#tests/world.ts';
import { balancesOf, doesNotFit, newItem, postedEntry, staleBalance } from './answers.ts';

const world = openWorld();
let acme: Caller;

beforeAll(async () => {
  acme = await world.createOrganization();
  for (const code of ['MAIN', 'SHOP']) await acme.location(code);
});

const post = (kind: string, ...lines: object[]) => acme.request('POST', '/v1/movements', { kind, lines });

describe('a line that expects a version', () => {
  test('is posted when the balance has it, also the version 0 of one that was never moved', async () => {
    const sku = await newItem(acme);
    const first = await post('receipt', { sku, location: 'MAIN', quantity: 3, expectedVersion: 0 });
    expect(first.body).toEqual(postedEntry(first.body, 'receipt', [[sku, 'MAIN', null, 3, 3, 1]]));
    const second = await post('issue', { sku, location: 'MAIN', quantity: -1, expectedVersion: 1 });
    expect(second.body).toEqual(postedEntry(second.body, 'issue', [[sku, 'MAIN', null, -1, 2, 2]]));
  });

  test.each([
    ['behind', 1],
    ['ahead', 3],
    ['none', 0],
  ])('is refused when the version is another: %s', async (_, expectedVersion) => {
    const sku = await newItem(acme);
    const line = { sku, location: 'MAIN', quantity: 1 };
    await acme.post('receipt', line, line);
    const answer = await post('receipt', { ...line, expectedVersion });
    expectProblem(answer, staleBalance([{ sku, location: 'MAIN', lot: null, expectedVersion, version: 2 }]));
    expect(await balancesOf(acme, sku)).toEqual([['MAIN', null, 2, 2]]);
  });

  test('is named with every other that is stale, in the order of the lines, and with no line that is not', async () => {
    const [plain, other, milk] = [
      await newItem(acme),
      await newItem(acme),
      await newItem(acme, { tracking: 'lot' }),
    ];
    await acme.post('receipt', { sku: plain, location: 'MAIN', quantity: 1 });
    await acme.post('receipt', { sku: milk, location: 'SHOP', lot: 'L1', quantity: 1 });
    await acme.post('receipt', { sku: milk, location: 'SHOP', lot: 'L1', quantity: 1 });
    const answer = await post(
      'receipt',
      { sku: milk, location: 'SHOP', lot: 'L1', quantity: 1, expectedVersion: 1 },
      { sku: plain, location: 'MAIN', quantity: 1, expectedVersion: 1 },
      { sku: milk, location: 'SHOP', lot: 'L2', quantity: 1 },
      { sku: plain, location: 'SHOP', quantity: 1, expectedVersion: 4 },
      { sku: other, location: 'MAIN', quantity: 1, expectedVersion: 2 },
    );
    expectProblem(
      answer,
      staleBalance([
        { sku: milk, location: 'SHOP', lot: 'L1', expectedVersion: 1, version: 2 },
        { sku: plain, location: 'SHOP', lot: null, expectedVersion: 4, version: 0 },
        { sku: other, location: 'MAIN', lot: null, expectedVersion: 2, version: 0 },
      ]),
    );
    for (const sku of [plain, milk]) {
      const [[, , onHand, version] = []] = (await balancesOf(acme, sku)) as number[][];
      expect([onHand, version]).toEqual(sku === plain ? [1, 1] : [2, 2]);
    }
  });

  test('means the version before the entry, on each of two lines of one item, location and lot', async () => {
    const sku = await newItem(acme);
    const line = { sku, location: 'MAIN', quantity: 1 };
    await acme.post('receipt', line);
    const stale = await post('receipt', { ...line, expectedVersion: 1 }, { ...line, expectedVersion: 2 });
    expectProblem(
      stale,
      staleBalance([{ sku, location: 'MAIN', lot: null, expectedVersion: 2, version: 1 }]),
    );
    const { body } = await post('receipt', { ...line, expectedVersion: 1 }, { ...line, expectedVersion: 1 });
    expect(body).toEqual(
      postedEntry(body, 'receipt', [
        [sku, 'MAIN', null, 1, 3, 3],
        [sku, 'MAIN', null, 1, 3, 3],
      ]),
    );
  });

  test.each([
    [-1, 'must not be negative'],
    [1.5, 'must be a whole number'],
    ['1', 'must be a whole number'],
    [null, 'must be a whole number'],
  ])('that is %j is refused: %s', async (expectedVersion, message) => {
    const answer = await post('receipt', {
      sku: 'ANY',
      location: 'MAIN',
      quantity: 1,
      expectedVersion,
    });
    expectProblem(answer, wrongFields(['lines[0].expectedVersion', message]));
  });
});

describe('lines that name what does not exist or does not fit', () => {
  test('are all named, by line and then by field, with what was sent', async () => {
    const [plain, milk] = [await newItem(acme), await newItem(acme, { tracking: 'lot' })];
    const answer = await post(
      'receipt',
      { sku: plain, location: 'MAIN', quantity: 1 },
      { sku: 'NONE', location: 'NOWHERE', lot: 'L', quantity: 1 },
      { sku: plain, location: 'MAIN', lot: 'L', quantity: 1 },
      { sku: milk, location: 'MAIN', quantity: 1 },
      { sku: milk, location: 'MAIN', lot: '', quantity: 1 },
      { sku: milk, location: 'say "hi"', quantity: 1 },
      { sku: milk, location: 'MAIN', lot: 'L', quantity: 1 },
      { sku: plain.toLowerCase(), location: 'SHOP', quantity: 1 },
    );
    const noLot = 'this item is tracked by lot: name the lot';
    expectProblem(
      answer,
      doesNotFit(
        ['lines[1].location', 'there is no location with the code "NOWHERE"'],
        ['lines[1].sku', 'there is no item with the SKU "NONE"'],
        ['lines[2].lot', 'this item is not tracked by lot: leave the lot out'],
        ['lines[3].lot', noLot],
        ['lines[4].lot', noLot],
        ['lines[5].location', 'there is no location with the code "say \\"hi\\""'],
        ['lines[5].lot', noLot],
        ['lines[7].sku', `there is no item with the SKU "${plain.toLowerCase()}"`],
      ),
    );
    expect(await balancesOf(acme, plain)).toEqual([]);
  });

  test.each([
    ['an item', 'sku', 'there is no item with the SKU "NONE"'],
    ['a location', 'location', 'there is no location with the code "NONE"'],
  ])('are refused for %s alone', async (_, field, message) => {
    const sku = await newItem(acme);
    const answer = await post('receipt', {
      sku,
      location: 'MAIN',
      quantity: 1,
      [field]: 'NONE',
    });
    expectProblem(answer, doesNotFit([`lines[0].${field}`, message]));
  });

  test('are refused for what is another organization’s', async () => {
    const globex = await world.createOrganization();
    await globex.item('THEIRS');
    await globex.location('VAULT');
    const answer = await post('receipt', { sku: 'THEIRS', location: 'VAULT', quantity: 1 });
    expectProblem(
      answer,
      doesNotFit(
        ['lines[0].location', 'there is no location with the code "VAULT"'],
        ['lines[0].sku', 'there is no item with the SKU "THEIRS"'],
      ),
    );
  });
});

test.each([
  [null, 'must be a string'],
  [' L1', 'must not begin or end with a blank'],
  ['x'.repeat(65), 'must have at most 64 characters'],
])('the lot %j is refused: %s', async (lot, message) => {
  const answer = await post('receipt', { sku: 'ANY', location: 'MAIN', lot, quantity: 1 });
  expectProblem(answer, wrongFields(['lines[0].lot', message]));
});

test.each(['count', 'reversal', 'gift'])('the kind %s cannot be posted', async (kind) => {
  const answer = await post(kind, { sku: 'ANY', location: 'MAIN', quantity: 1 });
  expectProblem(
    answer,
    wrongFields(['kind', 'must be one of "receipt", "return", "issue", "adjustment", "transfer", "opening"']),
  );
});
