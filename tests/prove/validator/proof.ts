import { join } from 'node:path';
import { Client } from 'pg';
import { startCluster } from '#scripts/local/postgres/cluster.ts';
import { createScratchDatabase } from '#scripts/migrate/catalog/scratch-database.ts';
import { type FileRun, runFile } from '#scripts/migrate/validation/run/run-source.ts';
import { squawk } from '#scripts/migrate/validation/squawk.ts';
import { paths } from '#scripts/paths.ts';
import { type Tally, tallyOf } from '../tally.ts';
import {
  type CorpusFile,
  corpusFolder,
  findsAll,
  judgeCorpusFile,
  readCorpus,
  readCorpusSchema,
  type Score,
  scoreOf,
} from './corpus.ts';

/** What the corpus shows. */
export interface ValidatorProof {
  readonly ours: Score;
  /** With the rules that it applies by itself, and told about transactions. */
  readonly squawk: Score;
  /** Without those of its rules that our runner makes needless. */
  readonly squawkTuned: Score;
  readonly runs: readonly FileRun[];
}

/** Whether everything bad was caught, nothing good refused, and Postgres did what the verdicts say. */
export function isProven({ ours, runs }: ValidatorProof): boolean {
  return (
    ours.missed.length === 0 &&
    ours.falseAlarms.length === 0 &&
    runs.every(({ disagreements, failure }) => disagreements.length === 0 && failure === undefined)
  );
}

/** Of the files of the corpus: those that Postgres ran as expected, and whose verdict is right. */
export function tallyOfProof({ ours, runs }: ValidatorProof): Tally {
  const { held, tried } = tallyOf(
    runs,
    ({ disagreements, failure }) => disagreements.length === 0 && failure === undefined,
  );
  return { tried, held: held - ours.missed.length - ours.falseAlarms.length };
}

/** Validates the corpus, asks squawk about it, and runs each of its files on a Postgres with rows. */
export async function proveValidator(options: {
  readonly directory: string;
  readonly signal: AbortSignal;
  readonly onFile: (done: number, total: number) => void;
}): Promise<ValidatorProof> {
  const corpus = await readCorpus();
  const found = new Map<string, string[]>();
  for (const file of corpus) {
    const { findings } = await judgeCorpusFile(file);
    found.set(
      file.file,
      findings.map(({ rule }) => rule),
    );
  }
  const anything = (_: CorpusFile, rules: readonly string[]) => rules.length > 0;
  return {
    ours: scoreOf(corpus, found, findsAll),
    squawk: scoreOf(corpus, await askSquawk(corpus, 'statement'), anything),
    squawkTuned: scoreOf(corpus, await askSquawk(corpus, 'stockade'), anything),
    runs: await runCorpus(corpus, options),
  };
}

async function askSquawk(
  corpus: readonly CorpusFile[],
  tuned: CorpusFile['runner'],
): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  for (const file of corpus) {
    const isInTransaction =
      file.runner === 'stockade' && !/^--! (?:concurrently|backfill)$/m.test(file.content);
    const runner = file.runner === 'stockade' ? tuned : file.runner;
    const findings = await squawk([join(paths.root, corpusFolder, file.file)], { runner, isInTransaction });
    found.set(
      file.file,
      findings.map(({ rule }) => rule),
    );
  }
  return found;
}

async function runCorpus(
  corpus: readonly CorpusFile[],
  { directory, signal, onFile }: Parameters<typeof proveValidator>[0],
): Promise<FileRun[]> {
  const cluster = await startCluster({ directory, durable: false });
  try {
    await using base = await createScratchDatabase(cluster.url);
    const client = new Client(base.url);
    await client.connect();
    await client.query('create role stockade_owner superuser; create role reporting');
    await client.query(await readCorpusSchema()).finally(() => client.end());
    const runs: FileRun[] = [];
    for (const [done, file] of corpus.entries()) {
      signal.throwIfAborted();
      onFile(done, corpus.length);
      const before = { clusterUrl: cluster.url, template: base.name };
      runs.push(await runFile(before, await judgeCorpusFile(file), file.content));
    }
    return runs;
  } finally {
    await cluster.destroy();
  }
}
