import fc from 'fast-check';
import { expect, test } from 'vitest';
import { causes } from './discrepancy.ts';
import { decide, defaultPolicy, isWithinTolerance } from './policy.ts';

const policy = { toleranceAbsolute: 10, toleranceRelative: 0.05, maxCorrectionsPerRun: 3 };
const calm = { found: 1, triggersHealthy: true, correctedBefore: false };
const figures = (onHand: number, version = 4, reserved = 0) => ({ onHand, reserved, version });

/** Quantities with four decimals. */
const quantity = fc.integer({ min: -1_000_000_000, max: 1_000_000_000 }).map((n) => n / 10_000);

test.each([
  ['exactly the absolute tolerance', 1_010, 1_000, true],
  ['a ten thousandth more', 1_010.0001, 1_000, false],
  ['exactly the relative tolerance, of what is more', 100, 95, true],
  ['a ten thousandth more than that', 100, 94.9999, false],
  ['as much too little', 95, 100, true],
  ['all of it', 1, 0, false],
  ['nothing', 0, 0, true],
  ['below zero', -100, -95, true],
])('%s', (_, stored, computed, isWithin) => {
  expect(isWithinTolerance({ stored: figures(stored), computed: figures(computed) }, policy)).toBe(isWithin);
});

test('a tolerated difference never exceeds either bound, in both directions', () => {
  fc.assert(
    fc.property(quantity, quantity, (one, other) => {
      const there = isWithinTolerance({ stored: figures(one), computed: figures(other) }, policy);
      const back = isWithinTolerance({ stored: figures(other), computed: figures(one) }, policy);
      expect(there).toBe(back);
      const off = Math.abs(Math.round((one - other) * 10_000)) / 10_000;
      const share = policy.toleranceRelative * Math.max(Math.abs(one), Math.abs(other));
      expect(there).toBe(off <= policy.toleranceAbsolute && off <= share);
    }),
  );
});

test('a difference in the version alone is always tolerated', () => {
  expect(isWithinTolerance({ stored: figures(5, 1), computed: figures(5, 4_000) }, policy)).toBe(true);
});

test('a run corrects as many differences as the policy allows; with one more it corrects none', () => {
  const difference = { stored: figures(101), computed: figures(100) };
  expect(decide(difference, 'direct_write', { ...calm, found: 3 }, policy)).toEqual({ do: 'correct' });
  expect(decide(difference, 'direct_write', { ...calm, found: 4 }, policy)).toMatchObject({
    because: 'too many',
  });
});

test('a balance that was corrected before is not corrected again', () => {
  const difference = { stored: figures(101), computed: figures(100) };
  expect(decide(difference, 'direct_write', { ...calm, correctedBefore: true }, policy)).toEqual({
    do: 'alert',
    because: 'corrected before',
  });
});

test('while a trigger does not work, nothing is corrected, whatever the cause', () => {
  for (const cause of causes) {
    const decision = decide({ stored: figures(101), computed: figures(100) }, cause, {
      ...calm,
      triggersHealthy: false,
    });
    expect(decision).toEqual({ do: 'alert', because: 'trigger unhealthy' });
  }
});

test('a balance is corrected only when its history is beyond doubt', () => {
  const little = { stored: figures(101), computed: figures(100) };
  const correctable = causes.filter((cause) => decide(little, cause, calm, policy).do === 'correct');
  expect(correctable).toEqual(['direct_write', 'trigger_disabled']);
});

test('when the cause is unknown, nothing is corrected, however small the difference', () => {
  for (const stored of [figures(101), figures(100, 3), figures(99, 3)]) {
    const decision = decide({ stored, computed: figures(100) }, 'unknown', calm, policy);
    expect(decision).toEqual({ do: 'alert', because: 'unexplained' });
  }
});

test('a balance that counts more movements than exist, for an unknown cause, puts its history in doubt', () => {
  const decision = decide({ stored: figures(101, 5), computed: figures(100, 4) }, 'unknown', calm, policy);
  expect(decision).toEqual({ do: 'alert', because: 'history in doubt' });
});

test('the policy in force corrects small differences only', () => {
  expect(isWithinTolerance({ stored: figures(101), computed: figures(100) }, defaultPolicy)).toBe(true);
  expect(isWithinTolerance({ stored: figures(200), computed: figures(100) }, defaultPolicy)).toBe(false);
});
