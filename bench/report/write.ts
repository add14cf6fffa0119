import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chartOf } from './chart.ts';
import { benchmarksPage, plotFile, plotsOf, type Run } from './page.ts';

/** Writes BENCHMARKS.md and its plots below a folder of documents; plots of earlier runs go. */
export async function writeBenchmarks(folder: string, run: Run): Promise<void> {
  const plots = join(folder, 'benchmarks');
  await rm(plots, { recursive: true, force: true });
  await mkdir(plots, { recursive: true });
  for (const [operation, curves] of plotsOf(run.results))
    await writeFile(join(plots, plotFile(operation)), chartOf(operation, curves));
  await writeFile(join(folder, 'BENCHMARKS.md'), benchmarksPage(run));
}
