import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { paths } from '#scripts/paths.ts';

/** The program in a page of the guide. */
export async function programOf(page: string): Promise<string> {
  const text = await readFile(join(paths.root, 'docs/adapters', page), 'utf8');
  const [, program] = /```ts\n(.*?)```/s.exec(text) ?? [];
  if (!program) throw new Error(`docs/adapters/${page} has no program`);
  return program;
}

/** An application in a folder of its own, which has Stockade and other packages in its node_modules, as links. */
export async function makeApplication(
  packages: readonly string[],
): Promise<AsyncDisposable & { readonly folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'stockade-application-'));
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  for (const name of packages)
    await link(join(paths.root, 'node_modules', name), join(folder, 'node_modules', name));
  await link(paths.root, join(folder, 'node_modules/stockade'));
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}

async function link(target: string, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await symlink(target, path);
}

/** Runs a program of TypeScript in a folder, with plain Node. @returns its output */
export async function runProgram(folder: string, program: string, env: NodeJS.ProcessEnv): Promise<string> {
  const file = join(folder, 'program.ts');
  await writeFile(file, program);
  const { stdout } = await promisify(execFile)(process.execPath, [file], {
    cwd: folder,
    env: { ...process.env, ...env },
  });
  return stdout;
}
