import { expect, test } from 'vitest';
import { type Bench, type BenchOptions, type Comparison, compareRates } from './bench.ts';
import { benches, expectAll, measure } from './benches.ts';

const options: BenchOptions = { rounds: 9, roundMs: 1_000, quick: false, large: false };
const comparison: Comparison = compareRates(
  { name: 'a', subject: 's', reference: 'r' },
  { subject: [1], reference: [1] },
);

const measured: Bench = {
  name: 'measured',
  summary: 'Measured',
  expect: () => ({ comparisons: 2, seconds: 30 }),
  async *run(_, note) {
    note('preparing');
    yield comparison;
    yield comparison;
  },
};

const missing: Bench = {
  ...measured,
  name: 'missing',
  leftOut: () => 'its reference is not here',
  run: () => {
    throw new Error('it must not run');
  },
};

test('a bench that is left out says why, does not run and takes no time', async () => {
  const seen: string[] = [];
  const results = await measure([missing, measured], options, {
    onBench: (name, leftOut) => seen.push(`${name} ${leftOut}`),
    onPreparation: (line) => seen.push(line),
    onComparison: ({ name }) => seen.push(name),
  });
  expect(seen).toEqual(['missing its reference is not here', 'measured undefined', 'preparing', 'a', 'a']);
  expect(results.map(({ name, comparisons, leftOut }) => [name, comparisons.length, leftOut])).toEqual([
    ['missing', 0, 'its reference is not here'],
    ['measured', 2, undefined],
  ]);
  expect(expectAll([missing, measured, measured], options)).toEqual({ comparisons: 4, seconds: 60 });
});

test('every bench says how long it takes, and takes less with --quick', () => {
  const pgledger = { file: 'pgledger.sql', version: 'v1' };
  const quick: BenchOptions = { rounds: 3, roundMs: 200, quick: true, large: false, pgledger };
  for (const bench of benches) {
    const [slow, fast] = [bench.expect({ ...options, pgledger }), bench.expect(quick)];
    expect(slow.comparisons, bench.name).toBeGreaterThan(0);
    expect(fast.seconds, bench.name).toBeLessThan(slow.seconds);
  }
  expect(expectAll(benches, quick).seconds).toBeLessThan(5 * 60);
});

test('transfers are left out without the other program', () => {
  const transfers = benches.find(({ name }) => name === 'transfers');
  expect(transfers?.leftOut?.(options)).toMatch(/pgledger/);
  expect(transfers?.leftOut?.({ ...options, pgledger: { file: 'x', version: 'v1' } })).toBeUndefined();
});
