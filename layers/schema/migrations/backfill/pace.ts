/** How fast the last batches were, and how long the rest takes at that pace. */
export interface Pace {
  readonly rowsPerSecond: number;
  /** Undefined while nothing is known. */
  readonly leftMs: number | undefined;
}

/** Long enough to even out batches and pauses, short enough to follow a change. */
const windowMs = 30_000;

/** Measures the pace of a backfill over its last half minute. Its pauses count: they will be as frequent in the rest. */
export function createPaceMeter(rowsAtStart: number, nowMs: number) {
  const samples = [{ rows: rowsAtStart, atMs: nowMs }];
  return {
    /** @param rowsFilled of how many in all */
    measure(rowsFilled: number, rowsTotal: number, atMs: number): Pace {
      samples.push({ rows: rowsFilled, atMs });
      while (samples.length > 2 && atMs - (samples[1]?.atMs ?? atMs) >= windowMs) samples.shift();
      const [oldest = { rows: rowsFilled, atMs }] = samples;
      const perMs = (rowsFilled - oldest.rows) / Math.max(atMs - oldest.atMs, 1);
      const rowsLeft = Math.max(rowsTotal - rowsFilled, 0);
      return {
        rowsPerSecond: Math.round(perMs * 1_000),
        leftMs: perMs > 0 ? Math.round(rowsLeft / perMs) : undefined,
      };
    },
  };
}
