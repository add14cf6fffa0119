/** How large a batch is. Statements of others may wait for the rows of one batch, until it ends. */
export interface BatchLimits {
  /** How long a batch should take, in milliseconds. The number of rows follows from it. */
  readonly batchTimeMs: number;
  /** The most rows of one batch. */
  readonly backfillBatch: number;
}

export const defaultBatchLimits: BatchLimits = { batchTimeMs: 100, backfillBatch: 10_000 };

/** A row may be as slow as its triggers; fewer rows than this would cost more in transactions than they save. */
const fewestRows = 10;
const firstRows = 100;

/** How many rows the first batch of a run has. */
export function firstBatchRows({ backfillBatch }: BatchLimits): number {
  return Math.min(firstRows, backfillBatch);
}

/**
 * How many rows the next batch has: as many as should take `batchTimeMs`, at most twice as many as the last one. Fewer when
 * others had to wait longer than that for its rows.
 */
export function nextBatchRows(
  last: { readonly rows: number; readonly tookMs: number; readonly othersWaitedMs: number },
  { batchTimeMs, backfillBatch }: BatchLimits,
): number {
  const slowestMs = Math.max(last.tookMs, last.othersWaitedMs, 1);
  const factor = Math.min(2, Math.max(0.25, batchTimeMs / slowestMs));
  return Math.max(
    Math.min(fewestRows, backfillBatch),
    Math.min(backfillBatch, Math.round(last.rows * factor)),
  );
}
