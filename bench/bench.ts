/**
 * The result of measuring two things in turns, A B A B …, in one run on one machine: the ratio of each neighbouring pair.
 * Other work on the machine affects both, so the median ratio can be quoted where a time cannot.
 */
export interface Comparison {
  readonly name: string;
  /** What is measured, and what it is compared with. */
  readonly subject: string;
  readonly reference: string;
  /** Operations per second of both, as medians over the rounds. For orientation only. */
  readonly perSecond: { readonly subject: number; readonly reference: number };
  /** The time of one operation in the fastest round, with one client: other work has delayed that round least. */
  readonly fastestMs: { readonly subject: number; readonly reference: number };
  /** The time of the subject divided by the time of the reference. */
  readonly ratio: { readonly min: number; readonly median: number; readonly max: number };
  /** The ratio should stay below this. */
  readonly target?: number | undefined;
  /** One operation of the subject, with one client, should take less than this in the fastest round. */
  readonly limitMs?: number | undefined;
  /** Where the comparison stands on a curve: the cost of one operation at different sizes. */
  readonly point?: CurvePoint | undefined;
  /** Further facts for the reader, one per line. */
  readonly detail?: readonly string[];
}

/** One size of a curve, compared with the smallest one. */
export interface CurvePoint {
  /** What is done: all points with the same operation and axis are one curve. */
  readonly operation: string;
  /** What there is more of. */
  readonly axis: 'movements' | 'organizations';
  readonly at: number;
  readonly smallest: number;
}

export interface Bench {
  readonly name: string;
  readonly summary: string;
  /** What it will measure, and how long it will take on two cores. */
  expect(options: BenchOptions): Expected;
  /** Why it is not measured with these options; undefined when it is. */
  leftOut?(options: BenchOptions): string | undefined;
  /** `note` shows the reader what a long preparation does. */
  run(options: BenchOptions, note: (line: string) => void): AsyncGenerator<Comparison>;
}

export interface Expected {
  readonly comparisons: number;
  readonly seconds: number;
}

export interface BenchOptions {
  /** The number of pairs to measure. */
  readonly rounds: number;
  /** How long each side of a pair runs, in milliseconds. */
  readonly roundMs: number;
  /** Smaller sizes. */
  readonly quick: boolean;
  /** One more size, ten times as large. */
  readonly large: boolean;
  /** The file of pgledger to compare with. */
  readonly pgledger?: { readonly file: string; readonly version: string } | undefined;
}

/** A comparison without its figures. */
export type What = Omit<Comparison, 'perSecond' | 'fastestMs' | 'ratio'>;

/** Repeats an operation until the deadline, and returns how often. */
export type Load = (durationMs: number) => Promise<number>;

/** The operations per second of one load, round by round. */
export type Rates = readonly number[];

/** Measures two loads in turns, after a warm-up round. */
export async function compare(
  what: What,
  loads: { readonly subject: Load; readonly reference: Load },
  options: BenchOptions,
): Promise<Comparison> {
  const [reference = [], subject = []] = await inTurns([loads.reference, loads.subject], options);
  return compareRates(what, { subject, reference });
}

export interface Turns {
  readonly rounds: number;
  readonly roundMs: number;
  /** In each round every load has so many turns, each of a part of the time: other work then disturbs all of them alike. */
  readonly turnsARound?: number;
}

/** Measures loads in turns, after a warm-up round. Each time another one begins, so that none is always last. */
export async function inTurns(
  loads: readonly Load[],
  { rounds, roundMs, turnsARound = 1 }: Turns,
): Promise<Rates[]> {
  const rates = loads.map((): number[] => []);
  for (let round = 0; round <= rounds; round += 1) {
    const sums = loads.map(() => ({ operations: 0, ms: 0 }));
    for (let turn = 0; turn < turnsARound * loads.length; turn += 1) {
      const begins = round * turnsARound + Math.floor(turn / loads.length);
      const which = (begins + turn) % loads.length;
      const [load, sum] = [loads[which], sums[which]];
      if (!load || !sum) continue;
      const startedAt = performance.now();
      sum.operations += await load(roundMs / turnsARound);
      sum.ms += performance.now() - startedAt;
    }
    if (round > 0)
      for (const [index, { operations, ms }] of sums.entries()) rates[index]?.push((operations / ms) * 1_000);
  }
  return rates;
}

/** The comparison of pairs of rates that were measured in turns. */
export function compareRates(
  what: What,
  rates: { readonly subject: Rates; readonly reference: Rates },
): Comparison {
  const ratios = rates.reference.map((rate, round) => rate / (rates.subject[round] ?? Number.NaN));
  return {
    ...what,
    perSecond: { subject: rounded(median(rates.subject)), reference: rounded(median(rates.reference)) },
    fastestMs: {
      subject: 1_000 / Math.max(...rates.subject),
      reference: 1_000 / Math.max(...rates.reference),
    },
    ratio: { min: Math.min(...ratios), median: median(ratios), max: Math.max(...ratios) },
  };
}

/** Whole numbers, or three significant digits of a smaller one. */
function rounded(rate: number): number {
  return rate < 100 ? Number(rate.toPrecision(3)) : Math.round(rate);
}

/** Whether the median keeps its target, and the fastest round its limit; undefined when there is none. */
export function isMet({ ratio, target, limitMs, fastestMs }: Comparison): boolean | undefined {
  if (target === undefined && limitMs === undefined) return undefined;
  return (
    ratio.median <= (target ?? Number.POSITIVE_INFINITY) &&
    fastestMs.subject <= (limitMs ?? Number.POSITIVE_INFINITY)
  );
}

/** How long so many comparisons take: pairs in turns after a warm-up, and the preparation. */
export function expected(
  comparisons: number,
  { rounds, roundMs }: BenchOptions,
  prepareSeconds: number,
): Expected {
  return { comparisons, seconds: prepareSeconds + (comparisons * 2 * (rounds + 1) * roundMs) / 1_000 };
}

/** A load of `clients` that each repeat the operation without a pause. */
export function clients(count: number, operation: (client: number, turn: number) => Promise<unknown>): Load {
  return async (durationMs) => {
    const deadline = performance.now() + durationMs;
    let operations = 0;
    await Promise.all(
      Array.from({ length: count }, async (_, client) => {
        for (let turn = 0; performance.now() < deadline; turn += 1) {
          await operation(client, turn);
          operations += 1;
        }
      }),
    );
    return operations;
  };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = Number.NaN, high = Number.NaN] = [
    sorted[sorted.length % 2 ? middle : middle - 1],
    sorted[middle],
  ];
  return (low + high) / 2;
}
