import { chmodSync, chownSync, mkdirSync, realpathSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Client, escapeLiteral } from 'pg';
import { type Binaries, findBinaries, reachableBinaries } from './binaries.ts';
import { type DataPlace, placeData, settleData } from './data-place.ts';
import { StartFailure } from './failure.ts';
import { ensureInitialized, keepPassword, removeUnfinished, type Seed } from './initialize.ts';
import { lockDirectory } from './lock.ts';
import { stopLeftover } from './postmaster.ts';
import { type Server, startServer } from './server.ts';

export interface ClusterOptions {
  /** Holds the data, the superuser's password (0600) and `postgres.log`. Made when missing. */
  readonly directory: string;
  /** TCP port on 127.0.0.1; a free one when absent or 0. */
  readonly port?: number;
  /** Server settings, over the defaults: `{ archive_mode: 'on' }`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Keeps every finished WAL segment in a folder of its own, for restores to a point in time. */
  readonly archive?: boolean;
  /** What a cluster that is not there yet is made from; an empty one when absent. */
  readonly seed?: Seed | undefined;
  /** The most memory of each process of the server, shared memory included, as `ulimit -v` counts it: not on macOS. */
  readonly processBytes?: number | undefined;
  /** How long the first start may take to accept connections, recovery included. */
  readonly readyTimeoutMs?: number | undefined;
  /** False trades safety against power failure for speed: for tests. */
  readonly durable?: boolean;
  /** Folders that replace the shared ones root falls back to: for tests. */
  readonly sharedPlaces?: readonly string[];
}

export interface Cluster {
  readonly host: '127.0.0.1';
  readonly port: number;
  /** Superuser's connection to the database `postgres`, password included. */
  readonly url: string;
  readonly directory: string;
  /** Postgres's own data folder; it is not below `directory` when root had to keep it elsewhere. */
  readonly dataDirectory: string;
  /** Where the finished WAL segments are kept, when they are. */
  readonly archiveDirectory: string | undefined;
  /** The server's `wal_segment_size`. */
  readonly walSegmentBytes: number;
  /** The postmaster's process id. */
  readonly pid: number;
  /** Settles when the server has ended, also when nobody asked it to. */
  readonly ended: Promise<void>;
  /** Gives the superuser another password, for good; sessions that are open stay so. */
  changePassword(password: string): Promise<void>;
  /** Fast shutdown; the data stays. May be called twice. */
  stop(): Promise<void>;
  /** Stops, and deletes the data wherever it is kept. */
  destroy(): Promise<void>;
}

const defaultSettings: Readonly<Record<string, string>> = {
  shared_buffers: '128MB',
  max_connections: '100',
  wal_level: 'replica',
  password_encryption: 'scram-sha-256',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_statement: 'none',
  log_line_prefix: '%m [%p] %q%u@%d ',
};

/** Survives a crash of Postgres, not one of the machine. Turning synchronous_commit off as well would lose the former. */
const fastButFragile: Readonly<Record<string, string>> = { fsync: 'off', full_page_writes: 'off' };

/** For servers that live for a moment: less memory to set up, and no processes that only read ahead from a slow disk. */
function lightSettings({ major }: Binaries): Readonly<Record<string, string>> {
  // Before 18 there were no such processes, and no such setting.
  return { shared_buffers: '16MB', ...(Number(major) >= 18 && { io_method: 'sync' }) };
}

/**
 * Starts the Postgres cluster of a folder, and makes the cluster on the first start.
 * It listens on 127.0.0.1 only and ends with this process, also after kill -9. Root runs it as an unprivileged
 * account.
 * @throws StartFailure when another process uses the folder, its data is of another major version, the given port
 *   is taken, or the server does not come up
 */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  mkdirSync(options.directory, { recursive: true });
  const directory = realpathSync(options.directory);
  const place = placeData(directory, options.sharedPlaces);
  const lock = lockDirectory(directory, place.lockFile);
  try {
    const brought = await bringUp(directory, place, options);
    const { server } = brought;
    let { url } = brought;
    let stopped: Promise<void> | undefined;
    const stop = () => {
      stopped ??= server.stop().finally(lock.release);
      return stopped;
    };
    return {
      host: '127.0.0.1',
      port: server.port,
      get url() {
        return url;
      },
      directory,
      dataDirectory: place.data,
      archiveDirectory: options.archive ? place.archive : undefined,
      walSegmentBytes: brought.walSegmentBytes,
      pid: server.pid,
      ended: server.ended,
      async changePassword(password) {
        await alterPassword(url, password);
        keepPassword(join(directory, 'password'), password);
        url = urlOf(server.port, password);
      },
      stop,
      destroy: async () => {
        await stop();
        removeCluster(directory, place);
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function bringUp(
  directory: string,
  place: DataPlace,
  options: ClusterOptions,
): Promise<{ server: Server; url: string; walSegmentBytes: number }> {
  const { data, account } = place;
  const durable = options.durable ?? true;
  await stopLeftover(data);
  settleData(place);
  const found = findBinaries();
  const binaries = account ? reachableBinaries(found, account, options.sharedPlaces) : found;
  const passwordFile = join(directory, 'password');
  const { seed, readyTimeoutMs } = options;
  const password = await ensureInitialized({ data, passwordFile, binaries, account, durable, seed });
  const server = await startServer({
    program: binaries.postgres,
    data,
    logFile: join(directory, 'postgres.log'),
    port: options.port || undefined,
    account,
    processBytes: options.processBytes,
    settings: {
      ...defaultSettings,
      ...(durable ? {} : { ...fastButFragile, ...lightSettings(binaries) }),
      ...(options.archive ? openArchive(place) : {}),
      ...options.settings,
    },
    readyTimeoutMs,
  });
  const url = urlOf(server.port, password);
  try {
    return { server, url, walSegmentBytes: await askSegmentBytes(url) };
  } catch (cause) {
    await server.stop();
    throw new StartFailure(
      `the cluster in ${data} runs, but refuses the password in ${passwordFile}: ${(cause as Error).message}. ` +
        'Put the password back that the cluster was made with.',
      { cause },
    );
  }
}

/** Postgres writes each segment under another name first, and never over one that is there with other content. */
function openArchive({ archive, account }: DataPlace): Readonly<Record<string, string>> {
  mkdirSync(archive, { recursive: true, mode: 0o700 });
  chmodSync(archive, 0o700);
  if (account) chownSync(archive, account.uid, account.gid);
  return {
    archive_mode: 'on',
    archive_library: 'basic_archive',
    'basic_archive.archive_directory': archive,
  };
}

function urlOf(port: number, password: string): string {
  const url = new URL(`postgres://postgres@127.0.0.1:${port}/postgres`);
  url.password = encodeURIComponent(password);
  return url.href;
}

async function alterPassword(url: string, password: string): Promise<void> {
  const client = new Client(url);
  await client.connect();
  try {
    // Statements are not logged here, so the password is in nobody's log.
    await client.query(`alter role postgres password ${escapeLiteral(password)}`);
  } finally {
    await client.end();
  }
}

async function askSegmentBytes(url: string): Promise<number> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  try {
    await client.connect();
    const { rows } = await client.query<{ setting: string }>(
      "select setting from pg_settings where name = 'wal_segment_size'",
    );
    return Number(rows[0]?.setting);
  } finally {
    await client.end();
  }
}

/**
 * Deletes the cluster of a folder that nobody uses, wherever its data is kept; what still runs on it is stopped first.
 * @throws StartFailure when another process uses it
 */
export async function destroyCluster(path: string): Promise<void> {
  mkdirSync(path, { recursive: true });
  const directory = realpathSync(path);
  const place = placeData(directory);
  const lock = lockDirectory(directory, place.lockFile);
  try {
    await stopLeftover(place.data);
    removeUnfinished(place.data);
  } finally {
    lock.release();
  }
  removeCluster(directory, place);
}

/** Only what a cluster made is deleted; the folder itself goes when nothing else is in it. */
function removeCluster(directory: string, { data, entry, lockFile, archive }: DataPlace): void {
  const files = ['password', 'postgres.log', 'postgres.log.1'].map((name) => join(directory, name));
  for (const path of [entry, data, archive, lockFile, `${lockFile}.pid`, ...files])
    rmSync(path, { recursive: true, force: true });
  try {
    rmdirSync(directory);
  } catch (error) {
    if (!['ENOTEMPTY', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}
