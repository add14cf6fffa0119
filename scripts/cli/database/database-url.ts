import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandError } from '../failure.ts';
import * as option from '../option.ts';

/** The options that name a command's database. Spread them into the command's own. */
export const databaseOptions = {
  databaseUrl: option.postgresUrl({
    description:
      'the database, as postgres://user:password@host:port/name (default: DATABASE_URL, then the running local platform)',
  }),
  data: option.path({
    description: 'the folder of the local platform',
    placeholder: 'folder',
    default: '.stockade',
  }),
};

/** The file platform.json, which a running local platform writes into its folder. */
export interface PlatformFile {
  readonly pid: number;
  /** The URL of its API. */
  readonly url: string;
  /** Its database, as superuser. */
  readonly adminUrl: string;
  /** The environment variables that reach its SNS and S3. */
  readonly aws?: Readonly<Record<string, string>>;
}

/**
 * Finds the database a command works on: `--database-url`, then DATABASE_URL, then the running local platform.
 * @throws CommandError when there is none, or the platform's process has ended
 */
export async function findDatabaseUrl(
  options: { readonly databaseUrl: string | undefined; readonly data: string },
  env: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  if (options.databaseUrl) return options.databaseUrl;
  if (env.DATABASE_URL) {
    if (option.isPostgresUrl(env.DATABASE_URL)) return env.DATABASE_URL;
    throw new CommandError('DATABASE_URL is not the URL of a database', option.postgresUrlExpected);
  }
  return (await readPlatformFile(options.data)).adminUrl;
}

/**
 * Reads the platform.json of the local platform that runs in a folder.
 * @throws CommandError when there is none, it cannot be read, or its process has ended
 */
export async function readPlatformFile(folder: string): Promise<PlatformFile> {
  const file = join(folder, 'platform.json');
  const content = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
    throw new CommandError(
      `you named no database, and no local platform is running: ${file} does not exist`,
      'Run `npm start` in another terminal, or pass --database-url or DATABASE_URL.',
      { cause: error },
    );
  });
  const platform = parsePlatformFile(file, content);
  if (!isRunning(platform.pid)) {
    throw new CommandError(
      `the local platform of ${folder} has ended: its process ${platform.pid} is not running`,
      'Run `npm start` again, or pass --database-url or DATABASE_URL.',
    );
  }
  return platform;
}

function parsePlatformFile(file: string, content: string): PlatformFile {
  const unreadable = new CommandError(
    `${file} does not describe a running platform: ${content.slice(0, 80)}`,
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
    // The process exists but belongs to another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
