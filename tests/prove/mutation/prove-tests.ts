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
  /** Mutants at once, each in a copy of the checkout with a Postgres server of its own. */
  readonly workers: number;
  /** How long the tests of one mutant may take, by what they usually take; the first few run in any case. */
  readonly patienceMs: number;
  /** Only these mutants, by their ids; a sample when empty. */
  readonly only: readonly string[];
  /** What an earlier run has left. */
  readonly kept: Kept;
  readonly signal: AbortSignal;
  /** Is told of every test that fails though nothing is broken. */
  readonly onFailure: (test: string) => void;
  readonly onVerdict: (verdict: Verdict, done: number, total: number) => void;
}

/** Plants a sample of small faults, one at a time, and says of each which test noticed it. */
export async function proveTests(options: ProveTestsOptions): Promise<Verdict[]> {
  const found = await findMutants(paths.root);
  const drawn = drawSample(found, options.count, options.seed);
  const sample = options.only.length > 0 ? found.filter(({ id }) => options.only.includes(id)) : drawn;
  const { kept } = options;
  const reach = await learnReach(sample, kept.reach, options);
  await kept.keepReach(reach);

  // In the order of their ids, which are digests: a run that is stopped has tried some of every folder.
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
