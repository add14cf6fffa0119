import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { readMigrations } from '#schema/book/migration-files.ts';
import type { Runner } from '#schema/validator/review.ts';
import type { SqlText } from '#schema/validator/validate.ts';
import { UsageError } from '../../cli/failure.ts';

/** A folder of SQL that is run file by file, and the files of it that are to be validated. */
export interface Source {
  readonly folder: string;
  readonly runner: Runner;
  /** Every file, in the order in which they run; `file` is below the folder. */
  readonly files: readonly SqlText[];
  readonly wanted: ReadonlySet<string>;
}

/**
 * Finds the files of some paths: a folder is all of its files, and a file brings along those that run before it.
 * @param runner who runs them; without it, the runner of Stockade when every file is named as it wants
 */
export async function findSources(paths: readonly string[], runner?: Runner): Promise<Source[]> {
  const wantedOf = new Map<string, string[]>();
  for (const path of paths.map((each) => resolve(each))) {
    const found = await stat(path).catch(() => undefined);
    if (!found) throw new UsageError(`${path} does not exist`, 'Name a file of SQL, or a folder of them.');
    const folder = found.isDirectory() ? path : folderOf(path);
    const files = found.isDirectory() ? await listFiles(folder) : [relative(folder, path)];
    wantedOf.set(folder, [...(wantedOf.get(folder) ?? []), ...files]);
  }
  return await Promise.all(
    [...wantedOf].map(async ([folder, wanted]) => await readSource(folder, new Set(wanted), runner)),
  );
}

/** Prisma and others give each migration a folder of its own: the order is that of the folders. */
function folderOf(path: string): string {
  return basename(path) === 'migration.sql' ? dirname(dirname(path)) : dirname(path);
}

async function readSource(
  folder: string,
  wanted: ReadonlySet<string>,
  runner: Runner | undefined,
): Promise<Source> {
  const names = await listFiles(folder);
  if (names.length === 0) throw new UsageError(`${folder} has no file of SQL`, 'Name another folder.');
  const last = Math.max(...[...wanted].map((name) => names.indexOf(name)));
  const files = await Promise.all(
    names.slice(0, last + 1).map(async (file) => ({
      file,
      content: (await readFile(join(folder, file), 'utf8')).replaceAll('\r\n', '\n'),
    })),
  );
  return { folder, runner: runner ?? (await runnerOf(folder, names)), files, wanted };
}

async function listFiles(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true });
  // The way back is not on the way.
  return found
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.sql') && !file.endsWith('.down.sql'))
    .sort();
}

async function runnerOf(folder: string, names: readonly string[]): Promise<Runner> {
  if (names.some((name) => !/^\d{6}_[a-z0-9_]+\.sql$/.test(name))) return 'statement';
  // A numbered file that is wrong in another way is for the runner too, and says what is wrong.
  await readMigrations(folder);
  return 'stockade';
}
