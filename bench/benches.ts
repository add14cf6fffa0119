import { api } from './api.ts';
import { balanceRead } from './balance-read.ts';
import type { Bench, BenchOptions, Comparison } from './bench.ts';
import { coldStart } from './cold-start.ts';
import { growth } from './growth/growth.ts';
import { importing } from './import.ts';
import { neighbours } from './neighbours.ts';
import { posting } from './posting.ts';
import { reconcile } from './reconcile.ts';
import { recovery } from './recovery.ts';
import { seals } from './seals.ts';
import { statistics } from './statistics.ts';
import { transfers } from './transfers.ts';
import { wall } from './wall.ts';

/** All of them, in the order of docs/BENCHMARKS.md. */
export const benches: readonly Bench[] = [
  posting,
  transfers,
  wall,
  balanceRead,
  api,
  neighbours,
  coldStart,
  importing,
  growth,
  statistics,
  seals,
  reconcile,
  recovery,
];

/** What a bench found, or why it found nothing. */
export interface BenchResult {
  readonly name: string;
  readonly summary: string;
  readonly comparisons: readonly Comparison[];
  readonly leftOut?: string | undefined;
}

export interface Watcher {
  /** A bench begins, or is left out. */
  onBench(name: string, leftOut: string | undefined): void;
  onPreparation(line: string): void;
  onComparison(comparison: Comparison): void;
}

/** Runs benches one after the other. */
export async function measure(
  chosen: readonly Bench[],
  options: BenchOptions,
  watcher: Watcher,
): Promise<BenchResult[]> {
  const results: BenchResult[] = [];
  for (const bench of chosen) {
    const { name, summary } = bench;
    const leftOut = bench.leftOut?.(options);
    watcher.onBench(name, leftOut);
    const comparisons: Comparison[] = [];
    if (leftOut === undefined) {
      for await (const comparison of bench.run(options, watcher.onPreparation)) {
        comparisons.push(comparison);
        watcher.onComparison(comparison);
      }
    }
    results.push({ name, summary, comparisons, leftOut });
  }
  return results;
}

/** What the benches will measure together, and how long that will take. */
export function expectAll(chosen: readonly Bench[], options: BenchOptions) {
  const expected = chosen
    .filter((bench) => bench.leftOut?.(options) === undefined)
    .map((bench) => bench.expect(options));
  return {
    comparisons: expected.reduce((sum, each) => sum + each.comparisons, 0),
    seconds: expected.reduce((sum, each) => sum + each.seconds, 0),
  };
}
