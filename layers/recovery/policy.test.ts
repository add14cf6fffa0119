import { describe, expect, test } from 'vitest';
import { ageOf, judge, judgeAtLeast, notYet, recoveryPolicy, spoken } from './policy.ts';

const minuteMs = 60_000;
const hourMs = 3_600_000;
const dayMs = 86_400_000;

test('the recovery policy has the agreed bounds', () => {
  expect(recoveryPolicy).toEqual({
    recoveryPointAgeMs: { warn: 600_000, fail: 900_000 },
    recoveryTimeMs: { warn: 5_400_000, fail: 7_200_000 },
    retentionDays: { warn: 14, fail: 7 },
    reachSlackMs: 93_600_000,
    newestSnapshotAgeMs: { warn: 25 * hourMs, fail: 30 * hourMs },
    snapshotInTheMakingMs: { warn: 2 * hourMs, fail: 6 * hourMs },
    copyAgeMs: { warn: 26 * hourMs, fail: 36 * hourMs },
    trustedAccounts: [],
    lastDrillAgeMs: { warn: 8 * dayMs, fail: 10 * dayMs },
    heartbeatApartMs: 300_000,
    drillEveryMs: 167 * hourMs,
    contractDrillAgeMs: dayMs,
    drillInstanceAgeMs: { warn: 4 * hourMs, fail: 6 * hourMs },
    alertProbe: {
      everyMs: 7 * dayMs,
      underWayMs: 600_000,
      ageMs: { warn: 171 * hourMs, fail: 192 * hourMs },
    },
    reminderMs: 84_600_000,
    blindMs: 3 * hourMs,
  });
});

describe('the age', () => {
  const now = new Date('2026-03-01T12:00:00Z');
  const later = (ms: number) => new Date(now.getTime() + ms);

  test.each([
    [-minuteMs, minuteMs],
    [0, 0],
    [1, 0],
    [5 * minuteMs, 0],
    [5 * minuteMs + 1, undefined],
    [dayMs, undefined],
  ])('of a time %d ms in the future is %s', (ms, age) => {
    expect(ageOf(later(ms), now)).toBe(age);
  });

  test('of a future time is reported as a wrong clock, with the time', () => {
    expect(notYet(now)).toBe('2026-03-01T12:00:00.000Z, which is in the future: a clock is wrong');
  });
});

test.each([
  [9, 'ok'],
  [10, 'ok'],
  [11, 'warn'],
  [20, 'warn'],
  [21, 'fail'],
])('with the bounds 10 and 20, a figure of %d that must not be too large is %s', (value, verdict) => {
  expect(judge(value, { warn: 10, fail: 20 })).toBe(verdict);
});

test.each([
  [15, 'ok'],
  [14, 'ok'],
  [13, 'warn'],
  [7, 'warn'],
  [6, 'fail'],
])('with the bounds 14 and 7, a figure of %d that must not be too small is %s', (value, verdict) => {
  expect(judgeAtLeast(value, { warn: 14, fail: 7 })).toBe(verdict);
});

test.each([
  [0, '0 s'],
  [-5_000, '0 s'],
  [999, '0 s'],
  [1_000, '1 s'],
  [59_999, '59 s'],
  [minuteMs, '1 min'],
  [61_500, '1 min 1 s'],
  [hourMs - 1, '59 min 59 s'],
  [hourMs, '1 h'],
  [hourMs + 59_000, '1 h'],
  [3 * hourMs + 5 * minuteMs, '3 h 5 min'],
  [dayMs, '1 d'],
  [dayMs + 59 * minuteMs, '1 d'],
  [400 * dayMs + 23 * hourMs + 59 * minuteMs, '400 d 23 h'],
])('%d ms in words is %s', (ms, words) => {
  expect(spoken(ms)).toBe(words);
});
