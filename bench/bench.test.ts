import { expect, test } from 'vitest';
import {
  type BenchOptions,
  type Comparison,
  compareRates,
  expected,
  inTurns,
  isMet,
  median,
} from './bench.ts';

const what = { name: 'a', subject: 's', reference: 'r' };
const options: BenchOptions = { rounds: 4, roundMs: 500, quick: false, large: false };

test('the median is the middle value, or between the two middle ones', () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([9, 1, 5, 4])).toBe(4.5);
  expect(median([])).toBeNaN();
});

test('a ratio is the time of the subject by the time of the reference, pair by pair', () => {
  const { ratio, perSecond, fastestMs } = compareRates(what, {
    subject: [100, 50, 10],
    reference: [100, 100, 100],
  });
  expect(ratio).toEqual({ min: 1, median: 2, max: 10 });
  expect(perSecond).toEqual({ subject: 50, reference: 100 });
  expect(fastestMs).toEqual({ subject: 10, reference: 10 });
});

test('loads take turns, each round begins with another one, and the first round is not counted', async () => {
  const order: string[] = [];
  const load = (name: string) => async () => {
    order.push(name);
    return order.length <= 3 ? 1_000_000 : 1;
  };
  const rates = await inTurns([load('a'), load('b'), load('c')], { rounds: 2, roundMs: 1 });
  expect(order.join('')).toBe('abc' + 'bca' + 'cab');
  expect(rates.map((each) => each.length)).toEqual([2, 2, 2]);
  order.length = 0;
  const parts: number[] = [];
  const part = (name: string) => async (durationMs: number) => {
    order.push(name);
    parts.push(durationMs);
    return 1;
  };
  await inTurns([part('a'), part('b')], { rounds: 1, roundMs: 30, turnsARound: 3 });
  expect(order.join('')).toBe('abbaab' + 'baabba');
  expect(new Set(parts)).toEqual(new Set([10]));
  const afterWarmUp = await inTurns([async () => 0], { rounds: 3, roundMs: 1 });
  expect(afterWarmUp).toEqual([[0, 0, 0]]);
});

const compared = (median: number, more: Partial<Comparison> = {}): Comparison => ({
  ...what,
  perSecond: { subject: 100, reference: 100 },
  fastestMs: { subject: 5, reference: 10 },
  ratio: { min: 0, median, max: 99 },
  ...more,
});

test('a target is met by the median, a limit by the time of one operation, and without both nothing is judged', () => {
  expect(isMet(compared(1.31, { target: 1.3 }))).toBe(false);
  expect(isMet(compared(1.3, { target: 1.3 }))).toBe(true);
  expect(isMet(compared(1, { target: 1.3, limitMs: 5 }))).toBe(true);
  expect(isMet(compared(1, { target: 1.3, limitMs: 4.9 }))).toBe(false);
  expect(isMet(compared(9))).toBeUndefined();
});

test('the expected time is two sides of each round, the one to warm up, and the preparation', () => {
  expect(expected(3, options, 10)).toEqual({ comparisons: 3, seconds: 10 + 3 * 2 * 5 * 0.5 });
});
