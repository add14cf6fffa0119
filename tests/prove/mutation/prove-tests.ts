import { paths } from '#scripts/paths.ts';
import { type Checkout, copyCheckout } from './checkout.ts';
import { findMutants } from './find.ts';
import type { Kept } from './kept.ts';
import type { Mutant } from './mutant.ts';
import { learnReach } from './reach.ts';
import { drawSample } from './sample.ts';
import { tryMutant, type Verdict } from './trial.ts';

export interface ProveTestsOptions {
  readonly count: number;
  readonly seed: number;
  /** The number of mutants at once. Each has its own copy of the checkout and its own Postgres server. */
  readonly workers: number;
  /** How long the tests of one mutant may take, by their usual durations. The first few run in any case. */
  readonly patienceMs: number;
  /** The ids of the mutants to try; a sample when empty. */
  readonly only: readonly string[];
  /** The results of an earlier run. */
  readonly kept: Kept;
  readonly signal: AbortSignal;
  /** Called with every test that fails without a planted fault. */
  readonly onFailure: (test: string) => void;
  readonly onVerdict: (verdict: Verdict, done: number, total: number) => void;
}

/** Plants a sample of small faults, one at a time, and finds for each the test that notices it. */
export async function proveTests(options: ProveTestsOptions): Promise<Verdict[]> {
  const found = await findMutants(paths.root);
  const drawn = drawSample(found, options.count, options.seed);
  const sample = options.only.length > 0 ? found.filter(({ id }) => options.only.includes(id)) : drawn;
  const { kept } = options;
  const reach = await learnReach(sample, kept.reach, options);
  await kept.keepReach(reach);

  // In the order of their ids, which are digests: a stopped run has then tried mutants of every folder.
  const waiting = sample.filter(({ id }) => !kept.killed.has(id)).sort((a, b) => (a.id < b.id ? -1 : 1));
  const verdicts: Verdict[] = sample.flatMap((mutant) => {
    const known = kept.killed.get(mutant.id);
    return known ? [{ mutant, ...known }] : [];
  });
  await using checkouts = new AsyncDisposableStack();
  const copies: Checkout[] = [];
  for (let each = 0; each < options.workers; each += 1) copies.push(checkouts.use(await copyCheckout()));
  await Promise.all(copies.map(work));
  return sample.flatMap(({ id }) => verdicts.find(({ mutant }) => mutant.id === id) ?? []);

  async function work(checkout: Checkout): Promise<void> {
    for (let mutant = next(); mutant; mutant = next()) {
      const verdict = await tryMutant(checkout, mutant, reach, options);
      verdicts.push(verdict);
      await kept.keepVerdict(verdict);
      options.onVerdict(verdict, verdicts.length, sample.length);
    }
  }

  function next(): Mutant | undefined {
    options.signal.throwIfAborted();
    return waiting.shift();
  }
}
