import { createHash } from 'node:crypto';
import { glob, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { paths } from '#scripts/paths.ts';
import { copyCheckout } from './checkout.ts';
import type { Mutant } from './mutant.ts';
import { runSuite } from './suite.ts';

/** What a run of the tests without a planted fault shows about them. */
export interface Reach {
  readonly tests: Readonly<Record<string, TestFile>>;
}

export interface TestFile {
  /** The digest of the file. After a change, the file runs again. */
  readonly digest: string;
  readonly durationMs: number;
  /** The mutants whose place the file evaluates, including processes that it starts. */
  readonly reaches: readonly string[];
  /** The file fails without a planted fault. */
  readonly fails: boolean;
  /** The mutants that were looked for. */
  readonly lookedFor: readonly string[];
}

/** The file name for what runs before and around all test files. */
const setUp = 'set-up';

interface LearnOptions {
  readonly workers: number;
  readonly signal: AbortSignal;
  /** Called with every test that fails without a planted fault. */
  readonly onFailure: (test: string) => void;
}

/**
 * Runs the suite once and notes which test files evaluate the place of each mutant. When results are known, it runs only
 * changed test files again, or all of them when there is a new mutant.
 */
export async function learnReach(
  mutants: readonly Mutant[],
  known: Reach,
  options: LearnOptions,
): Promise<Reach> {
  const ids = mutants.map(({ id }) => id);
  const digests = await digestTests();
  const isKnown = (file: string) => {
    const test = known.tests[file];
    return test?.digest === digests[file] && ids.every((id) => test?.lookedFor.includes(id));
  };
  const files = Object.keys(digests).filter((file) => !isKnown(file));
  const kept = Object.entries(known.tests).filter(([file]) => isKnown(file) || file === setUp);
  if (files.length === 0) return { tests: Object.fromEntries(kept) };
  const learned = await runNoted(mutants, files, options);
  return {
    tests: {
      ...Object.fromEntries(kept),
      ...Object.fromEntries(
        learned.map(({ file, ...test }) => [file, { ...test, digest: digests[file] ?? '', lookedFor: ids }]),
      ),
    },
  };
}

async function digestTests(): Promise<Record<string, string>> {
  const digests: Record<string, string> = {};
  for await (const file of glob('{layers,functions,scripts,infra,tests,sql}/**/*.test.ts', {
    cwd: paths.root,
  })) {
    digests[file] = createHash('sha256')
      .update(await readFile(join(paths.root, file)))
      .digest('hex');
  }
  return digests;
}

async function runNoted(mutants: readonly Mutant[], files: readonly string[], options: LearnOptions) {
  await using checkout = await copyCheckout();
  for (const [file, inFile] of Map.groupBy(mutants, (mutant) => mutant.file)) {
    await checkout.rewrite(file, (text) => withNotes(text, inFile));
  }
  const notes = join(checkout.root, 'reached');
  await mkdir(notes);
  const tool = (name: string) => join(checkout.root, 'tests/prove/mutation', name);
  await writeFile(join(checkout.root, 'vitest.reach.config.ts'), configWith(tool('name-test-file.ts')));
  const result = await runSuite(checkout.root, {
    ...options,
    files,
    config: 'vitest.reach.config.ts',
    environment: {
      STOCKADE_REACHED: notes,
      NODE_OPTIONS: `--import=${pathToFileURL(tool('note-reached.mjs')).href}`,
    },
    timeoutMs: 3_600_000,
  });
  for (const failure of result.failures) options.onFailure(failure);
  const reached = await readNotes(notes);
  const learned = result.files.map(({ file, durationMs, passed }) => ({
    file,
    durationMs,
    // A file that fails by itself would kill every mutant, so it does not count.
    reaches: passed ? (reached.get(file) ?? []) : [],
    fails: !passed,
  }));
  return [...learned, { file: setUp, durationMs: 0, reaches: reached.get(setUp) ?? [], fails: false }];
}

/** The text of a file with a note at the place of each mutant. */
export function withNotes(text: string, mutants: readonly Mutant[]): string {
  const insertions = mutants.flatMap(({ id, reached }) =>
    reached
      ? [
          {
            at: reached.start,
            rank: reached.end - reached.start,
            note: `(globalThis.stockadeReached?.('${id}'), `,
          },
          { at: reached.end, rank: Number.POSITIVE_INFINITY, note: ')' },
        ]
      : [],
  );
  // From the last place to the first. At the same place, a later insertion stands further left: an end must stand before a
  // beginning, and the beginning of a longer expression before that of a shorter one.
  insertions.sort((a, b) => b.at - a.at || a.rank - b.rank);
  return insertions.reduce((done, { at, note }) => done.slice(0, at) + note + done.slice(at), text);
}

function configWith(setupFile: string): string {
  // The code that runs while a module loads must run for each test file.
  return `import { mergeConfig } from 'vitest/config';
import base from './vitest.config.ts';
export default mergeConfig(base, {
  test: {
    setupFiles: [${JSON.stringify(setupFile)}],
    isolate: true,
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
`;
}

/** The mutants that each test file reached. */
async function readNotes(notes: string): Promise<Map<string, string[]>> {
  const reached = new Map<string, string[]>();
  for (const name of await readdir(notes)) {
    const lines = (await readFile(join(notes, name), 'utf8')).split('\n').filter(Boolean);
    reached.set(decodeURIComponent(name), [...new Set(lines)]);
  }
  return reached;
}

/**
 * The test files that reach a mutant. The one beside it comes first, also when it starts a process that notes nothing; then those
 * that reach few other mutants, and quick ones.
 */
export function testsReaching(mutant: Mutant, { tests }: Reach): string[] {
  const beside = mutant.file.replace(/\.ts$/, '.test.ts');
  const reaching = Object.entries(tests).filter(
    ([file, { reaches }]) => file === beside || reaches.includes(mutant.id),
  );
  const cost = ([file, { reaches, durationMs }]: [string, TestFile]) =>
    file === beside ? 0 : reaches.length * (durationMs + 500);
  const files = reaching
    .filter(([file]) => file !== setUp)
    .sort((a, b) => cost(a) - cost(b))
    .map(([file]) => file);
  // A mutant that only the set-up reaches breaks every test file, so the quickest one shows it.
  return files.length === 0 && reaching.length > 0 ? quickest(tests) : files;
}

function quickest(tests: Readonly<Record<string, TestFile>>): string[] {
  const files = Object.entries(tests).filter(([file]) => file !== setUp && file.startsWith('tests/'));
  return files
    .sort(([, a], [, b]) => a.durationMs - b.durationMs)
    .slice(0, 1)
    .map(([file]) => file);
}
