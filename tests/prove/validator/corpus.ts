import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Runner } from '#schema/validator/review.ts';
import { KnownSchema } from '#schema/validator/schema/known-schema.ts';
import { type FileVerdict, validateFile } from '#schema/validator/validate.ts';
import { paths } from '#scripts/paths.ts';

/** The folder of the corpus, relative to the root of the checkout. */
export const corpusFolder = 'tests/migrations/corpus';

/** One migration of the corpus. */
export interface CorpusFile {
  /** Below the corpus: `bad/01_name.sql`. */
  readonly file: string;
  readonly content: string;
  readonly runner: Runner;
  /** The rules that must find something; none in a good file. */
  readonly expected: readonly string[];
}

/** What one program says of the corpus. */
export interface Score {
  readonly caught: readonly string[];
  readonly missed: readonly string[];
  readonly falseAlarms: readonly string[];
  readonly good: number;
}

/** The migrations of the corpus, good and bad, in order. */
export async function readCorpus(): Promise<CorpusFile[]> {
  const root = join(paths.root, corpusFolder);
  const files: CorpusFile[] = [];
  for (const kind of ['bad', 'good']) {
    for (const name of (await readdir(join(root, kind))).sort()) {
      const file = `${kind}/${name}`;
      const content = await readFile(join(root, file), 'utf8');
      const [, rules = ''] = /^-- finds (.+)$/m.exec(content) ?? [];
      const runner = content.startsWith('-- run by psql') ? 'statement' : 'stockade';
      files.push({ file, content, runner, expected: rules.split(', ').filter(Boolean) });
    }
  }
  return files;
}

/** The schema on which every migration of the corpus runs. */
export async function readCorpusSchema(): Promise<string> {
  return await readFile(join(paths.root, corpusFolder, 'schema.sql'), 'utf8');
}

/** What our validator reads in a migration of the corpus. */
export async function judgeCorpusFile({ file, content, runner }: CorpusFile): Promise<FileVerdict> {
  const schema = new KnownSchema();
  await validateFile({ file: 'schema.sql', content: await readCorpusSchema() }, 'stockade', schema);
  return await validateFile({ file, content }, runner, schema);
}

/** Counts what a program has found: `found` has the rules by file. A bad file is caught when `isCaught` says so. */
export function scoreOf(
  corpus: readonly CorpusFile[],
  found: ReadonlyMap<string, readonly string[]>,
  isCaught: (file: CorpusFile, rules: readonly string[]) => boolean,
): Score {
  const bad = corpus.filter(({ expected }) => expected.length > 0);
  const good = corpus.filter(({ expected }) => expected.length === 0);
  const rulesOf = ({ file }: CorpusFile) => found.get(file) ?? [];
  return {
    caught: bad.filter((file) => isCaught(file, rulesOf(file))).map(({ file }) => file),
    missed: bad.filter((file) => !isCaught(file, rulesOf(file))).map(({ file }) => file),
    falseAlarms: good.filter((file) => rulesOf(file).length > 0).map(({ file }) => file),
    good: good.length,
  };
}

/** Ours has caught a file when it finds every fault that was planted there. */
export function findsAll({ expected }: CorpusFile, rules: readonly string[]): boolean {
  return expected.every((rule) => rules.includes(rule));
}
