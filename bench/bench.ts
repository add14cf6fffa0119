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
  /** The time of the subject divided by the time of the reference. */
  readonly ratio: { readonly min: number; readonly median: number; readonly max: number };
  /** The ratio should stay below this. */
  readonly target?: number | undefined;
  /** Further facts for the reader, one per line. */
  readonly detail?: readonly string[];
}

export interface Bench {
  readonly name: string;
  readonly summary: string;
  run(options: BenchOptions): AsyncGenerator<Comparison>;
}

export interface BenchOptions {
  /** The number of pairs to measure. */
  readonly rounds: number;
  /** How long each side of a pair runs, in milliseconds. */
  readonly roundMs: number;
}

type What = Omit<Comparison, 'perSecond' | 'ratio'>;

/** Repeats an operation until the deadline, and returns how often. */
export type Load = (durationMs: number) => Promise<number>;

/** Measures two loads in turns, after a warm-up round. */
export async function compare(
  what: What,
  loads: { readonly subject: Load; readonly reference: Load },
  { rounds, roundMs }: BenchOptions,
): Promise<Comparison> {
  const rates = { subject: [] as number[], reference: [] as number[] };
  for (let round = 0; round <= rounds; round += 1) {
    // The order changes from pair to pair, so that neither side is always second.
    const order = round % 2 === 0 ? (['reference', 'subject'] as const) : (['subject', 'reference'] as const);
    for (const side of order) {
      const startedAt = performance.now();
      const operations = await loads[side](roundMs);
      const rate = (operations / (performance.now() - startedAt)) * 1000;
      if (round > 0) rates[side].push(rate);
    }
  }
  return compareRates(what, rates);
}

/** The comparison of pairs of rates that were measured in turns. */
export function compareRates(
  what: What,
  rates: { readonly subject: readonly number[]; readonly reference: readonly number[] },
): Comparison {
  const ratios = rates.reference.map((rate, round) => rate / (rates.subject[round] ?? Number.NaN));
  return {
    ...what,
    perSecond: { subject: Math.round(median(rates.subject)), reference: Math.round(median(rates.reference)) },
    ratio: { min: Math.min(...ratios), median: median(ratios), max: Math.max(...ratios) },
  };
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
