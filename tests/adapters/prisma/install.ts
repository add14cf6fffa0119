import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text as readText } from 'node:stream/consumers';

const application = join(import.meta.dirname, 'application');
/** Written last: it says that the installation is complete, and of which files. */
const marker = 'installed.sha256';

export interface InstallOptions {
  readonly signal: AbortSignal;
  readonly note: (line: string) => void;
}

/**
 * Installs Prisma into a folder and generates its client there. What is complete and unchanged stays; anything else is made
 * again.
 * @returns whether anything had to be done
 */
export async function installPrisma(folder: string, { signal, note }: InstallOptions): Promise<boolean> {
  const files = (await readdir(application)).sort();
  const digest = createHash('sha256');
  for (const file of files) digest.update(await readFile(join(application, file)));
  const wanted = digest.digest('hex');
  if ((await readFile(join(folder, marker), 'utf8').catch(() => '')) === wanted) return false;

  await rm(join(folder, marker), { force: true });
  await rm(join(folder, 'generated'), { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const file of files) await copyFile(join(application, file), join(folder, file));
  note('Installing Prisma: about 300 MB …');
  // Its install scripts would download an engine that the client does not use.
  await runIn(folder, 'npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { signal });
  note('Generating its client …');
  await runIn(
    folder,
    process.execPath,
    ['node_modules/prisma/build/index.js', 'generate', '--schema', 'schema.prisma'],
    {
      signal,
      // The engine of migrations is not used either; without this, Prisma would download it.
      env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, CHECKPOINT_DISABLE: '1' },
    },
  );
  await writeFile(join(folder, marker), wanted);
  return true;
}

interface RunOptions {
  readonly signal: AbortSignal;
  readonly env?: NodeJS.ProcessEnv;
}

async function runIn(
  cwd: string,
  program: string,
  args: readonly string[],
  options: RunOptions,
): Promise<void> {
  const child = spawn(program, args, { cwd, ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const [out, err, [code]] = await Promise.all([
    readText(child.stdout),
    readText(child.stderr),
    once(child, 'close'),
  ]);
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} failed in ${cwd}:\n${out}${err}`);
}
