import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Schedule, schedules } from '#functions/schedules.ts';
import { nextRun } from './next-run.ts';

const next = (expression: string, after: string) =>
  nextRun(expression as Schedule['expression'], new Date(after)).toISOString();

describe('rates', () => {
  test.each([
    ['rate(1 minute)', '2026-03-01T09:30:00.000Z', '2026-03-01T09:31:00.000Z'],
    ['rate(1 minute)', '2026-03-01T09:29:59.999Z', '2026-03-01T09:30:00.000Z'],
    ['rate(5 minutes)', '2026-03-01T09:31:07.000Z', '2026-03-01T09:35:00.000Z'],
    ['rate(15 minutes)', '2026-03-01T23:59:00.000Z', '2026-03-02T00:00:00.000Z'],
    ['rate(1 hour)', '2026-03-01T09:30:00.000Z', '2026-03-01T10:00:00.000Z'],
    ['rate(2 days)', '1970-01-02T12:00:00.000Z', '1970-01-03T00:00:00.000Z'],
  ])('%s after %s is at %s', (expression, after, expected) => {
    expect(next(expression, after)).toBe(expected);
  });

  test('the next time is later, by no more than the rate, and every rate apart from the one after it', () => {
    const minutes = fc.integer({ min: 1, max: 100_000 });
    fc.assert(
      fc.property(
        minutes,
        fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('2100-01-01') }),
        (count, after) => {
          const first = nextRun(`rate(${count} minutes)`, after);
          const aheadMs = first.getTime() - after.getTime();
          expect(aheadMs > 0 && aheadMs <= count * 60_000).toBe(true);
          expect(nextRun(`rate(${count} minutes)`, first).getTime() - first.getTime()).toBe(count * 60_000);
        },
      ),
    );
  });
});

describe('cron, in UTC', () => {
  test.each([
    ['cron(10 3 * * ? *)', '2026-03-01T03:09:59Z', '2026-03-01T03:10:00.000Z'],
    ['cron(10 3 * * ? *)', '2026-03-01T03:10:00Z', '2026-03-02T03:10:00.000Z'],
    ['cron(0/20 * * * ? *)', '2026-03-01T03:10:00Z', '2026-03-01T03:20:00.000Z'],
    // Sunday is 1: on AWS, 2 is Monday. 2026-03-01 is a Sunday.
    ['cron(0 12 ? * 2 *)', '2026-03-01T00:00:00Z', '2026-03-02T12:00:00.000Z'],
    ['cron(0 12 ? * MON-FRI *)', '2026-03-06T12:00:00Z', '2026-03-09T12:00:00.000Z'],
    ['cron(0 12 L * ? *)', '2026-02-01T00:00:00Z', '2026-02-28T12:00:00.000Z'],
    ['cron(0 12 ? * 6#3 2027)', '2026-02-01T00:00:00Z', '2027-01-15T12:00:00.000Z'],
  ])('%s after %s is at %s', (expression, after, expected) => {
    expect(next(expression, after)).toBe(expected);
  });
});

test.each(['rate(0 minutes)', 'rate(1 week)', 'rate(1.5 hours)', 'cron(* * * * *)', '5 minutes', ''])(
  'it refuses %j',
  (expression) => {
    expect(() => next(expression, '2026-03-01T00:00:00Z')).toThrow(RangeError);
  },
);

test('what never comes again is refused', () => {
  expect(() => next('cron(0 0 1 1 ? 2020)', '2026-03-01T00:00:00Z')).toThrow('has no time after 2026-03-01');
});

test('every schedule of the table has a next time, and an alarm that waits for more than one of them', () => {
  for (const { expression, silentAfterHours } of schedules) {
    const first = nextRun(expression, new Date());
    const apartMs = nextRun(expression, first).getTime() - first.getTime();
    expect([expression, apartMs < silentAfterHours * 3_600_000]).toEqual([expression, true]);
  }
});
