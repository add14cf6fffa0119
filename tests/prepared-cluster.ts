import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { globSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { migrate } from '#schema/migrations/migrate.ts';
import { setLogins } from '#scripts/local/logins.ts';
import type { MigratedSeed } from '#scripts/local/migrated-seed.ts';
import { findBinaries } from '#scripts/local/postgres/binaries.ts';
import { startCluster } from '#scripts/local/postgres/cluster.ts';
import { makeScratchFolder } from '#scripts/local/postgres/scratch-folder.ts';
import { paths } from '#scripts/paths.ts';

/** The files of a stopped cluster with a migrated database, from which others are made in a moment. */
export interface PreparedCluster {
  /** Its data folder. */
  readonly data: string;
  /** The superuser's password. */
  readonly password: string;
  /** The migrated database. */
  readonly database: string;
}

const kept = join(paths.root, 'node_modules/.cache/stockade-clusters');
const database = 'stockade_template';
/** Longer than a run that uses a cluster, but short: each changed migration creates another cluster. */
const keptMs = 30 * 60_000;

/** What a prepared cluster is made of and by. */
const sources = [
  'sql/migrations/*.sql',
  'sql/functions/**/*.sql',
  'sql/*.sql',
  'layers/schema/{book,migrations}/**/*.ts',
];
const makers = ['scripts/local/logins.ts', 'scripts/local/postgres/*.ts', 'tests/prepared-cluster.ts'];

/**
 * With glibc, cp gets its buffer from the kernel for each of a thousand files, and gives it back: that is three quarters of
 * its processor time. With these it keeps the buffer.
 */
const keepMemory = { MALLOC_MMAP_THRESHOLD_: '8388608', MALLOC_TRIM_THRESHOLD_: '33554432' };

/** The prepared cluster of these sources: that of an earlier run, or one that is made now. */
export async function prepareCluster(): Promise<PreparedCluster> {
  const folder = join(kept, await keyOfSources());
  const found = await read(folder);
  if (found) {
    await utimes(folder, new Date(), new Date());
    return found;
  }
  await mkdir(kept, { recursive: true });
  await removeOutdated();
  const draft = await mkdtemp(join(kept, 'draft-'));
  try {
    await make(draft);
    // Another run may have been first; its cluster is as good.
    await rename(draft, folder).catch(async (error) => {
      if (!(await read(folder))) throw error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return { data: join(folder, 'data'), password: await passwordIn(folder), database };
}

/** A cluster like it, for `startCluster`. */
export function seedOf(prepared: PreparedCluster): MigratedSeed {
  const { data, password, database } = prepared;
  return { password, database, fill: (folder) => copyFolder(data, folder) };
}

async function make(draft: string): Promise<void> {
  const directory = makeScratchFolder('prepared');
  // The limits of the roles follow from it. The server of the run has as many.
  const cluster = await startCluster({ directory, durable: false, settings: { max_connections: '300' } });
  try {
    const client = new Client(cluster.url);
    await client.connect();
    await client.query(`create database ${database}`);
    await client.end();
    const url = new URL(cluster.url);
    url.pathname = database;
    await migrate({ connectionString: url.href, directory: paths.migrations });
    await setLogins(url.href);
    await cluster.stop();
    await mkdir(join(draft, 'data'), { mode: 0o700 });
    await copyFolder(cluster.dataDirectory, join(draft, 'data'));
    const { password } = new URL(cluster.url);
    await writeFile(join(draft, 'password'), decodeURIComponent(password), { mode: 0o600 });
  } finally {
    await cluster.destroy();
    await rm(directory, { recursive: true, force: true });
  }
}

/** With owners and modes: Postgres refuses files of another account. */
async function copyFolder(from: string, to: string): Promise<void> {
  await promisify(execFile)('cp', ['-a', `${from}/.`, to], { env: { ...process.env, ...keepMemory } });
}

async function read(folder: string): Promise<PreparedCluster | undefined> {
  const password = await passwordIn(folder).catch(() => undefined);
  return password ? { data: join(folder, 'data'), password, database } : undefined;
}

function passwordIn(folder: string): Promise<string> {
  return readFile(join(folder, 'password'), 'utf8');
}

/** The user who runs the tests: other users may not be able to read the files. */
async function keyOfSources(): Promise<string> {
  const { version, native } = findBinaries();
  const hash = createHash('sha256').update(`${version} ${native} ${process.getuid?.()}\n`);
  const files = globSync([...sources, ...makers], { cwd: paths.root, exclude: ['**/*.test.ts'] });
  for (const file of files.sort()) hash.update(`${file}\n`).update(await readFile(join(paths.root, file)));
  return hash.digest('hex').slice(0, 24);
}

/** Those of other sources that no run has begun with lately. */
async function removeOutdated(): Promise<void> {
  for (const name of await readdir(kept)) {
    const folder = join(kept, name);
    const { mtimeMs } = await stat(folder).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > keptMs) await rm(folder, { recursive: true, force: true });
  }
}
