import { expect, test } from 'vitest';
import { ageOf, judge, judgeAtLeast, notYet, recoveryPolicy, spoken } from './policy.ts';

const now = new Date('2026-03-01T12:00:00.000Z');
const ago = (ms: number) => new Date(now.getTime() - ms);
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

test('what recovery promises is exactly this', () => {
  expect(recoveryPolicy).toEqual({
    recoveryPointAgeMs: { warn: 600_000, fail: 900_000 },
    recoveryTimeMs: { warn: 5_400_000, fail: 7_200_000 },
    retentionDays: { warn: 14, fail: 7 },
    reachSlackMs: 93_600_000,
    newestSnapshotAgeMs: { warn: 90_000_000, fail: 108_000_000 },
    snapshotInTheMakingMs: { warn: 7_200_000, fail: 21_600_000 },
    copyAgeMs: { warn: 93_600_000, fail: 129_600_000 },
    trustedAccounts: [],
    lastDrillAgeMs: { warn: 691_200_000, fail: 864_000_000 },
    heartbeatApartMs: 300_000,
    drillEveryMs: 601_200_000,
    contractDrillAgeMs: 86_400_000,
    drillInstanceAgeMs: { warn: 14_400_000, fail: 21_600_000 },
    alertProbe: {
      everyMs: 604_800_000,
      underWayMs: 600_000,
      ageMs: { warn: 615_600_000, fail: 691_200_000 },
    },
    reminderMs: 84_600_000,
    blindMs: 10_800_000,
  });
});

test.each([
  ['a second ago', 1_000, 1_000],
  ['now', 0, 0],
  ['a second ahead, as clocks differ', -1_000, 0],
  ['five minutes ahead', -5 * minuteMs, 0],
  ['a millisecond more than five minutes ahead', -5 * minuteMs - 1, undefined],
])('the age of what was %s', (_, agoMs, age) => {
  expect(ageOf(ago(agoMs), now)).toBe(age);
});

test('a time that has not come is told as a clock that is wrong', () => {
  expect(notYet(now)).toBe('2026-03-01T12:00:00.000Z, which has not come yet: a clock is wrong');
});

test.each([
  [10, 'ok'],
  [11, 'warn'],
  [20, 'warn'],
  [21, 'fail'],
] as const)('the larger the worse: %d is %s', (value, status) => {
  expect(judge(value, { warn: 10, fail: 20 })).toBe(status);
});

test.each([
  [14, 'ok'],
  [13, 'warn'],
  [7, 'warn'],
  [6, 'fail'],
] as const)('the smaller the worse: %d is %s', (value, status) => {
  expect(judgeAtLeast(value, { warn: 14, fail: 7 })).toBe(status);
});

test.each([
  [0, '0 s'],
  [999, '0 s'],
  [1_000, '1 s'],
  [59_999, '59 s'],
  [minuteMs, '1 min'],
  [minuteMs + 1_000, '1 min 1 s'],
  [hourMs, '1 h'],
  [3 * hourMs + 5 * minuteMs + 59_000, '3 h 5 min'],
  [hourMs + 59_000, '1 h'],
  [dayMs, '1 d'],
  [2 * dayMs + 23 * hourMs + 59 * minuteMs, '2 d 23 h'],
])('%d ms are said as %s', (ms, said) => {
  expect(spoken(ms)).toBe(said);
});
