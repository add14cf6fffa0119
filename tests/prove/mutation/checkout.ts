import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { makeScratchFolder } from '#scripts/local/postgres/scratch-folder.ts';
import { paths } from '#scripts/paths.ts';
import { type Mutant, withMutant } from './mutant.ts';

/** A copy of this checkout in which faults are planted. */
export interface Checkout extends AsyncDisposable {
  readonly root: string;
  /** Plants a fault, runs the work, and removes the fault. */
  withPlanted<Result>(mutant: Mutant, run: () => Promise<Result>): Promise<Result>;
  /** Changes a file for the lifetime of the copy. */
  rewrite(file: string, change: (text: string) => string): Promise<void>;
}

/** Copies the files that git tracks or would track. The installed packages are shared. */
export async function copyCheckout(): Promise<Checkout> {
  const root = makeScratchFolder('mutants');
  const { stdout } = await promisify(execFile)(
    'git',
    ['ls-files', '--cached', '--others', '--exclude-standard', '-z'],
    { cwd: paths.root, maxBuffer: 2 ** 26 },
  );
  for (const file of stdout.split('\0').filter(Boolean)) {
    await mkdir(dirname(join(root, file)), { recursive: true });
    await cp(join(paths.root, file), join(root, file));
  }
  await symlink(join(paths.root, 'node_modules'), join(root, 'node_modules'));
  // Some tests ask git for the list of files.
  await promisify(execFile)('git', ['init', '--quiet'], { cwd: root });

  async function rewrite(file: string, change: (text: string) => string): Promise<void> {
    await writeFile(join(root, file), change(await readFile(join(root, file), 'utf8')));
  }

  return {
    root,
    rewrite,
    async withPlanted(mutant, run) {
      const whole = await readFile(join(root, mutant.file), 'utf8');
      await rewrite(mutant.file, (text) => withMutant(text, mutant));
      try {
        return await run();
      } finally {
        await writeFile(join(root, mutant.file), whole);
      }
    },
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}
