import type { Checkout } from './checkout.ts';
import type { Mutant } from './mutant.ts';
import { type Reach, testsReaching } from './reach.ts';
import { testsOfSql } from './sql-tests.ts';
import { runSuite } from './suite.ts';

export interface Verdict {
  readonly mutant: Mutant;
  /** The first test that failed; undefined when the mutant survived. */
  readonly killedBy: string | undefined;
  /** The test files that ran. */
  readonly ran: readonly string[];
}

/** The first batches are small, because most mutants are killed at once. A server start for each file would take longer. */
const batchesMs = [15_000, 45_000, 120_000];
/** Longer than any batch takes on a busy machine. A mutant that makes a test wait for ever counts as killed. */
const slack = { factor: 8, leastMs: 120_000 };

/** Plants a mutant and runs its tests, the likeliest first, until one fails. */
export async function tryMutant(
  checkout: Checkout,
  mutant: Mutant,
  reach: Reach,
  { patienceMs, signal }: { readonly patienceMs: number; readonly signal: AbortSignal },
): Promise<Verdict> {
  return await checkout.withPlanted(mutant, async () => {
    const ran: string[] = [];
    let spentMs = 0;
    for (const { files, durationMs } of batches(testsOf(mutant, reach), reach)) {
      spentMs += durationMs;
      if (ran.length > 0 && spentMs > patienceMs) break;
      ran.push(...files);
      const { passed, failures } = await runSuite(checkout.root, {
        files,
        workers: 1,
        stopAtFirst: true,
        timeoutMs: Math.max(slack.leastMs, durationMs * slack.factor),
        signal,
      });
      if (!passed) return { mutant, killedBy: failures[0] ?? 'the run itself failed', ran };
    }
    return { mutant, killedBy: undefined, ran };
  });
}

function testsOf(mutant: Mutant, reach: Reach): string[] {
  return mutant.reached ? testsReaching(mutant, reach) : testsOfSql(mutant.file, quickestFirst(reach));
}

/** The tests that pass without a planted fault. Reach is not known for SQL, so as many tests as possible get a turn. */
function quickestFirst({ tests }: Reach): string[] {
  return Object.entries(tests)
    .filter(([, { fails }]) => !fails)
    .sort(([, a], [, b]) => a.durationMs - b.durationMs)
    .map(([file]) => file);
}

function batches(files: readonly string[], { tests }: Reach): { files: string[]; durationMs: number }[] {
  const made: { files: string[]; durationMs: number }[] = [];
  for (const file of files) {
    const durationMs = tests[file]?.durationMs ?? 0;
    const last = made.at(-1);
    if (last && last.durationMs + durationMs <= (batchesMs[made.length - 1] ?? 240_000)) {
      last.files.push(file);
      last.durationMs += durationMs;
    } else {
      made.push({ files: [file], durationMs });
    }
  }
  return made;
}
