import { expect, test } from 'vitest';
import { recoveryTrend } from './trend.ts';

const hourMs = 3_600_000;
// A Wednesday.
const now = new Date('2026-03-04T12:00:00Z');
const drills = (...hours: number[]) =>
  hours.map((took, index) => ({
    kind: 'snapshot',
    requestedAt: new Date(now.getTime() - (hours.length - 1 - index) * 168 * hourMs),
    provenAfterMs: took * hourMs,
  }));

test('says by how much restores get longer, and in which week they will take longer than promised', () => {
  const trend = recoveryTrend(drills(1, 1.1, 1.2, 1.3), 2 * hourMs, now);
  expect(trend?.perWeekMs).toBeCloseTo(0.1 * hourMs, 3);
  // Seven weeks ahead is a Wednesday again.
  expect(trend?.brokenInWeekOf).toEqual(new Date('2026-04-20T00:00:00Z'));
});

test('says this week when restores already take longer than promised', () => {
  expect(recoveryTrend(drills(2.5, 2.4, 2.3), 2 * hourMs, now)?.brokenInWeekOf).toEqual(
    new Date('2026-03-02T00:00:00Z'),
  );
});

test('says no week when restores do not get longer, or hardly do', () => {
  expect(recoveryTrend(drills(1, 1, 1), 2 * hourMs, now)).toEqual({
    promisedMs: 2 * hourMs,
    perWeekMs: 0,
    brokenInWeekOf: undefined,
  });
  expect(recoveryTrend(drills(1, 0.9, 0.8), 2 * hourMs, now)?.brokenInWeekOf).toBeUndefined();
  expect(recoveryTrend(drills(1, 1.0001, 1.0002), 2 * hourMs, now)?.brokenInWeekOf).toBeUndefined();
});

test('two kinds that take different times are no trend; the slower kind breaks the promise first', () => {
  const inTurn = (...hours: number[]) =>
    drills(...hours).map((drill, index) => ({ ...drill, kind: index % 2 ? 'point-in-time' : 'snapshot' }));
  expect(recoveryTrend(inTurn(0.2, 1, 0.2, 1), 2 * hourMs, now)).toMatchObject({
    perWeekMs: 0,
    brokenInWeekOf: undefined,
  });
  const growing = recoveryTrend(inTurn(0.2, 1.1, 0.4, 1.3, 0.6, 1.5), 2 * hourMs, now);
  expect(growing?.perWeekMs).toBeCloseTo(0.1 * hourMs, 3);
  expect(growing?.brokenInWeekOf).toEqual(new Date('2026-04-06T00:00:00Z'));
  // A line through two points of a kind would always fit.
  expect(recoveryTrend(inTurn(0.2, 1, 0.3), 2 * hourMs, now)).toBeUndefined();
});

test('there is no trend for fewer than three drills, or for three at the same time', () => {
  expect(recoveryTrend(drills(1, 2), 2 * hourMs, now)).toBeUndefined();
  const [one] = drills(1);
  expect(recoveryTrend(one ? [one, one, one] : [], 2 * hourMs, now)).toBeUndefined();
});
