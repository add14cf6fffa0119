import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandError } from '../failure.ts';
import * as option from '../option.ts';

/** The options by which a command finds its database. Spread them into the command's own. */
export const databaseOptions = {
  databaseUrl: option.postgresUrl({
    description:
      'the database, as postgres://user:password@host:port/name (else: DATABASE_URL, else the running local platform)',
  }),
  data: option.path({
    description: 'the folder of the local platform',
    placeholder: 'folder',
    default: '.stockade',
  }),
};

/** The note that a running local platform leaves in its folder. */
export interface PlatformFile {
  readonly pid: number;
  /** Where its API answers. */
  readonly url: string;
  /** Its database, as the user who may do everything. */
  readonly adminUrl: string;
  /** The environment of whoever publishes alerts or keeps evidence there. */
  readonly aws?: Readonly<Record<string, string>>;
}

/**
 * Finds the database a command works on: `--database-url`, then DATABASE_URL, then the running local platform.
 * @throws CommandError saying what to do when there is none, or the platform's process is gone
 */
export async function findDatabaseUrl(
  options: { readonly databaseUrl: string | undefined; readonly data: string },
  env: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  if (options.databaseUrl) return options.databaseUrl;
  if (env.DATABASE_URL) {
    if (option.isPostgresUrl(env.DATABASE_URL)) return env.DATABASE_URL;
    throw new CommandError('DATABASE_URL is no URL of a database', option.postgresUrlExpected);
  }
  return (await readPlatformFile(options.data)).adminUrl;
}

/**
 * Reads the note of the local platform that runs in a folder.
 * @throws CommandError when there is none, it cannot be read, or its process is gone
 */
export async function readPlatformFile(folder: string): Promise<PlatformFile> {
  const file = join(folder, 'platform.json');
  const content = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
    throw new CommandError(
      `no database is named and no local platform runs: there is no ${file}`,
      'Run `npm start` in another terminal, or pass --database-url or DATABASE_URL.',
      { cause: error },
    );
  });
  const platform = parsePlatformFile(file, content);
  if (!isRunning(platform.pid)) {
    throw new CommandError(
      `the local platform of ${folder} is gone: its process ${platform.pid} no longer runs`,
      'Run `npm start` again, or pass --database-url or DATABASE_URL.',
    );
  }
  return platform;
}

function parsePlatformFile(file: string, content: string): PlatformFile {
  const unreadable = new CommandError(
    `${file} is not the note of a running platform: ${content.slice(0, 80)}`,
    'Stop the platform, remove the file and run `npm start` again.',
  );
  let parsed: Partial<PlatformFile> | null;
  try {
    parsed = JSON.parse(content);
  } catch {
    throw unreadable;
  }
  if (!Number.isInteger(parsed?.pid) || typeof parsed?.adminUrl !== 'string') throw unreadable;
  return parsed as PlatformFile;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process: it is there, we just may not signal it.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
