import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { startCluster } from '../../local/postgres/cluster.ts';
import { makeScratchFolder } from '../../local/postgres/scratch-folder.ts';
import type { ValidationReport } from './report.ts';
import { type FileRun, runSource } from './run/run-source.ts';
import type { Source } from './sources.ts';
import { type SquawkFinding, squawk } from './squawk.ts';
import { judgeSource, type SourceVerdict, wantedVerdicts } from './verdicts.ts';

/** What a validation does besides reading the files. */
export interface ValidationOptions {
  readonly isRun: boolean;
  readonly asksSquawk: boolean;
  readonly signal?: AbortSignal;
  readonly onFile?: (file: string) => void;
}

/** Validates files: their text by every rule, and what they do on a temporary Postgres. */
export async function validateSources(
  sources: readonly Source[],
  options: ValidationOptions,
): Promise<ValidationReport> {
  const verdicts: SourceVerdict[] = [];
  for (const source of sources) verdicts.push(await judgeSource(source));
  const wanted = verdicts.flatMap(wantedVerdicts);
  const unreadable = verdicts.flatMap((verdict) => verdict.unreadable);
  return {
    files: sources.reduce((sum, source) => sum + source.wanted.size, 0),
    findings: [...unreadable, ...wanted.flatMap(({ findings }) => findings)],
    allowed: wanted.flatMap(({ allowed }) => allowed),
    // A file that Postgres cannot read stops those after it.
    runs: options.isRun && unreadable.length === 0 ? await runAll(verdicts, options) : undefined,
    squawk: options.asksSquawk ? await askSquawk(verdicts) : undefined,
  };
}

async function runAll(verdicts: readonly SourceVerdict[], options: ValidationOptions): Promise<FileRun[]> {
  const directory = makeScratchFolder('validation');
  try {
    const cluster = await startCluster({ directory, durable: false });
    try {
      const runs: FileRun[] = [];
      for (const verdict of verdicts) runs.push(...(await runSource(cluster.url, verdict, options)));
      return runs;
    } finally {
      await cluster.destroy();
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function askSquawk(verdicts: readonly SourceVerdict[]): Promise<SquawkFinding[]> {
  const findings: SquawkFinding[] = [];
  for (const verdict of verdicts) {
    const { runner, folder } = verdict.source;
    const byTransaction = Map.groupBy(
      wantedVerdicts(verdict),
      ({ file }) => runner === 'transaction' || (runner === 'stockade' && file.way === 'transaction'),
    );
    for (const [isInTransaction, files] of byTransaction) {
      const paths = files.map(({ file }) => join(folder, file.file));
      const found = await squawk(paths, { runner, isInTransaction });
      findings.push(...found.map((each) => ({ ...each, file: each.file.slice(folder.length + 1) })));
    }
  }
  return findings;
}
