import { execFile } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import {
  chownSync,
  closeSync,
  existsSync,
  fchownSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Account } from './account.ts';
import type { Binaries } from './binaries.ts';
import { StartFailure } from './failure.ts';

const run = promisify(execFile);

/** The locale and encoding are fixed, so that a ledger sorts and compares alike on every machine. */
const initdbOptions = [
  '--username=postgres',
  '--encoding=UTF8',
  '--locale=C.UTF-8',
  '--data-checksums',
  '--auth=scram-sha-256',
  '--no-instructions',
];

export interface InitializeOptions {
  readonly data: string;
  /** Holds the superuser's password, mode 0600. */
  readonly passwordFile: string;
  readonly binaries: Binaries;
  readonly account?: Account | undefined;
  readonly durable: boolean;
  /** What the folder is made from instead of an empty cluster. */
  readonly seed?: Seed | undefined;
}

/** Postgres 16 has only the locales of the operating system. */
function localeProvider({ major }: Binaries): string {
  return `--locale-provider=${major === '16' ? 'libc' : 'builtin'}`;
}

/** The files of another cluster, and the password that its superuser has. */
export interface Seed {
  readonly password: string;
  /** Fills an empty folder. Everything in it must belong to the account. */
  fill(folder: string, account: Account | undefined): Promise<void>;
}

/**
 * Makes the data folder when there is none, and returns the superuser's password.
 * The folder gets its name only once it is complete: an initdb that was killed half way leaves nothing that looks
 * like a cluster, and is cleared away by the next start. Call it with the folder's lock held.
 * @throws StartFailure when existing data is of another major version, incomplete, or without its password
 */
export async function ensureInitialized(options: InitializeOptions): Promise<string> {
  const { data, passwordFile, binaries } = options;
  removeUnfinished(data);
  const version = readIfExists(join(data, 'PG_VERSION'))?.trim();
  if (version === undefined) {
    const { seed } = options;
    const password = seed?.password ?? (readIfExists(passwordFile)?.trim() || newPassword());
    keepPassword(passwordFile, password);
    await (seed ? copyCluster(options, seed) : initialize(options, password));
    return password;
  }
  if (version !== binaries.major) {
    throw new StartFailure(
      `${data} was made by PostgreSQL ${version}, and this is PostgreSQL ${binaries.major}. ` +
        'Dump it with its own version, or move it away to begin with an empty database.',
    );
  }
  const password = readIfExists(passwordFile)?.trim();
  if (password) return password;
  throw new StartFailure(
    `${passwordFile} is missing: it holds the password of the cluster in ${data}. ` +
      'Put it back, or move the data away to begin with an empty database.',
  );
}

async function initialize(options: InitializeOptions, password: string): Promise<void> {
  const { data, binaries, account, durable } = options;
  const unfinished = `${data}.initializing-${randomUUID()}`;
  mkdirSync(unfinished, { mode: 0o700 });
  if (account) chownSync(unfinished, account.uid, account.gid);
  // initdb reads the password as the account it runs as, which cannot read ours.
  const handedOver = join(unfinished, 'password');
  writePrivate(handedOver, password, account);
  const folder = join(unfinished, 'data');
  try {
    await run(
      binaries.initdb,
      [
        ...initdbOptions,
        localeProvider(binaries),
        `--pwfile=${handedOver}`,
        ...(durable ? [] : ['--no-sync']),
        '-D',
        folder,
      ],
      { cwd: '/', env: { PATH: process.env.PATH, LC_ALL: 'C' }, uid: account?.uid, gid: account?.gid },
    );
    renameSync(folder, data);
  } catch (cause) {
    const said = (cause as { stderr?: string }).stderr?.trim() || (cause as Error).message;
    throw new StartFailure(`a database cluster could not be made in ${data}: ${said}`, { cause });
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  if (durable) syncFolder(dirname(data));
}

async function copyCluster({ data, account, durable }: InitializeOptions, seed: Seed): Promise<void> {
  const unfinished = `${data}.initializing-${randomUUID()}`;
  mkdirSync(unfinished, { mode: 0o700 });
  if (account) chownSync(unfinished, account.uid, account.gid);
  try {
    await seed.fill(unfinished, account);
    renameSync(unfinished, data);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    throw error;
  }
  if (durable) syncFolder(dirname(data));
}

function newPassword(): string {
  return randomBytes(24).toString('base64url');
}

/**
 * Keeps the superuser's password of a cluster. It is on disk before the cluster that needs it, and replaced in one
 * step: no crash can leave a cluster without one.
 */
export function keepPassword(file: string, password: string): void {
  const draft = `${file}.${randomUUID()}`;
  writePrivate(draft, password);
  renameSync(draft, file);
}

function writePrivate(file: string, text: string, account?: Account): void {
  const descriptor = openSync(file, 'wx', 0o600); // never through a symlink, never into an existing file
  try {
    writeSync(descriptor, `${text}\n`);
    fsyncSync(descriptor);
    if (account) fchownSync(descriptor, account.uid, account.gid);
  } finally {
    closeSync(descriptor);
  }
}

/** Clears away what was left by a process that was killed while it made this data folder. */
export function removeUnfinished(data: string): void {
  for (const name of readdirSync(dirname(data))) {
    if (name.startsWith(`${basename(data)}.initializing-`)) {
      // An initdb whose starter was killed may still be writing there.
      rmSync(join(dirname(data), name), { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
    }
  }
}

function readIfExists(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

/** A rename survives a power failure only once the folder that holds the name is on disk. */
function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
