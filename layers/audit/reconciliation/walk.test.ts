import { expect, test, vi } from 'vitest';
import { driftOf, exactly } from './discrepancy.ts';
import { whyUnwritable } from './unwritable.ts';
import { endOf, isShort } from './walk.ts';

test.each([
  [10_000, false],
  [9_999, true],
  [0, true],
  [Number.POSITIVE_INFINITY, false],
])('with %d ms left the time is short: %s', (leftMs, short) => {
  expect(isShort({ remainingMs: () => leftMs })).toBe(short);
});

test('work that begins now must end while half of the reserve is left', () => {
  vi.spyOn(performance, 'now').mockReturnValue(1_000);
  try {
    expect(endOf({ remainingMs: () => 30_000 })).toBe(26_000);
    expect(endOf({ remainingMs: () => Number.POSITIVE_INFINITY })).toBe(Number.POSITIVE_INFINITY);
  } finally {
    vi.mocked(performance.now).mockRestore();
  }
});

test('differences are exact to four decimals', () => {
  expect(exactly(0.1 + 0.2)).toBe(0.3);
  expect(exactly(1.00005)).toBe(1.0001);
  expect(
    driftOf({
      stored: { onHand: 0.3, reserved: 1, version: 5 },
      computed: { onHand: 0.1, reserved: 3, version: 4 },
    }),
  ).toEqual({ onHand: 0.2, reserved: -2, version: 1 });
  expect(driftOf({ stored: undefined, computed: { onHand: 2, reserved: 1, version: 4 } })).toEqual({
    onHand: -2,
    reserved: -1,
    version: -4,
  });
});

test('a balance that cannot be written has a reason; any other error belongs to the run', () => {
  expect(['22003', '23503', '23514', '40001'].map((code) => whyUnwritable({ code }))).toEqual([
    expect.stringContaining('fifteen digits'),
    'its item or its location no longer exists',
    'a constraint of the schema refuses the sum of its movements',
    undefined,
  ]);
});
