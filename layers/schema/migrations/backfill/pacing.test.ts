import { expect, test } from 'vitest';
import { firstBatchRows, nextBatchRows } from './batch-size.ts';
import { createPaceMeter } from './pace.ts';

const limits = { batchTimeMs: 100, backfillBatch: 10_000 };

test.each<[string, Parameters<typeof nextBatchRows>[0], number]>([
  ['twice as many after a fast batch', { rows: 100, tookMs: 3, othersWaitedMs: 0 }, 200],
  ['as many as fit into the time', { rows: 1_000, tookMs: 125, othersWaitedMs: 0 }, 800],
  ['a quarter at least', { rows: 1_000, tookMs: 60_000, othersWaitedMs: 0 }, 250],
  ['fewer when others waited for longer', { rows: 1_000, tookMs: 90, othersWaitedMs: 200 }, 500],
  ['no less for a short wait', { rows: 1_000, tookMs: 100, othersWaitedMs: 99 }, 1_000],
  ['ten at least', { rows: 12, tookMs: 5_000, othersWaitedMs: 0 }, 10],
  ['at most the limit', { rows: 8_000, tookMs: 1, othersWaitedMs: 0 }, 10_000],
])('the next batch has %s', (_, last, rows) => {
  expect(nextBatchRows(last, limits)).toBe(rows);
});

test('a limit below ten is kept', () => {
  expect(firstBatchRows({ ...limits, backfillBatch: 3 })).toBe(3);
  expect(nextBatchRows({ rows: 3, tookMs: 9_999, othersWaitedMs: 0 }, { ...limits, backfillBatch: 3 })).toBe(
    3,
  );
});

test('the pace is that of the last half minute, and the time left follows from it', () => {
  const meter = createPaceMeter(1_000, 0);
  expect(meter.measure(1_000, 5_000, 10)).toEqual({ rowsPerSecond: 0, leftMs: undefined });
  expect(meter.measure(2_000, 5_000, 1_000)).toEqual({ rowsPerSecond: 1_000, leftMs: 3_000 });
  // Fast at first, slow since.
  expect(meter.measure(2_300, 5_000, 31_000)).toEqual({ rowsPerSecond: 10, leftMs: 270_000 });
  expect(meter.measure(6_000, 5_000, 32_000).leftMs).toBe(0);
});
