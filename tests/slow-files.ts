import { dirname } from 'node:path';
import type { Reporter, TestModule } from 'vitest/node';

const shown = 10;

interface Timed {
  readonly file: string;
  readonly ms: number;
}

/** Says at the end of a run which files took longest, and what each folder took in all. */
export class SlowFiles implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    if (modules.length < 2) return;
    const files = modules.map((module) => ({ file: module.relativeModuleId, ms: tookMs(module) }));
    // What a program reads on stdout stays that.
    process.stderr.write(
      [
        '\n Slowest files\n',
        ...longest(files).slice(0, shown).map(line),
        '\n Folders, all workers together\n',
        ...longest(byFolder(files)).map(line),
        '',
      ].join('\n'),
    );
  }
}

function tookMs(module: TestModule): number {
  const { prepareDuration, environmentSetupDuration, collectDuration, setupDuration, duration } =
    module.diagnostic();
  return prepareDuration + environmentSetupDuration + collectDuration + setupDuration + duration;
}

/** By the first two folders: deeper ones are a few files each. */
function byFolder(files: readonly Timed[]): Timed[] {
  const sums = new Map<string, number>();
  for (const { file, ms } of files) {
    const folder = dirname(file).split('/').slice(0, 2).join('/');
    sums.set(folder, (sums.get(folder) ?? 0) + ms);
  }
  return [...sums].map(([file, ms]) => ({ file, ms }));
}

function longest(timed: readonly Timed[]): Timed[] {
  return timed.toSorted((a, b) => b.ms - a.ms);
}

function line({ file, ms }: Timed): string {
  return ` ${(ms / 1000).toFixed(1).padStart(7)} s  ${file}`;
}
