import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from 'pg';
import { type MigratedSeed, makeDatabase } from '#scripts/local/migrated-seed.ts';
import { type Cluster, startCluster } from '#scripts/local/postgres/cluster.ts';
import { makeScratchFolder } from '#scripts/local/postgres/scratch-folder.ts';
import { asSuperuser } from '../clone.ts';

/** A Postgres server that may be killed, stopped and filled. */
export interface AttackedServer extends AsyncDisposable {
  readonly cluster: Cluster;
  /** The migrated database, for the superuser. It has the same port after each start. */
  readonly adminUrl: string;
  /** Why its disk cannot be filled; undefined when it can. */
  readonly noDisk: string | undefined;
  asSuperuser<T>(work: (client: Client) => Promise<T>): Promise<T>;
  /** Kills every process of the server with -9. */
  kill(): Promise<void>;
  /** Kills the sessions of a role that work at the moment with -9. Returns their number. */
  killSessions(role: string): Promise<number>;
  /** Stops every process of the server (SIGSTOP). Returns what lets them go on. */
  freeze(): () => void;
  /** Fills what is left of the disk. */
  fillDisk(): Promise<void>;
  /** Takes that back. */
  makeRoom(): Promise<void>;
  /** Starts the server again, if it has ended. */
  ensureRunning(): Promise<void>;
}

const diskMegabytes = 480;
const settings = { max_connections: '60', shared_buffers: '32MB', max_wal_size: '128MB' };

/**
 * Starts a server for faults. Where this process may mount, its files are on a small file system of their own.
 * A seed contains the files of a migrated cluster.
 */
export async function startAttackedServer(seed?: MigratedSeed): Promise<AttackedServer> {
  const directory = makeScratchFolder('faults');
  const noDisk = mountSmall(directory);
  const unmount = () => void execFileSync('umount', ['--lazy', directory]);
  // Also when somebody presses Ctrl-C twice.
  if (noDisk === undefined) process.on('exit', unmount);
  const remove = async () => {
    process.off('exit', unmount);
    if (noDisk === undefined) unmount();
    await rm(directory, { recursive: true, force: true });
  };
  const start = (port?: number, fill?: MigratedSeed) =>
    startCluster({
      directory: join(directory, 'postgres'),
      durable: false,
      settings,
      seed: fill,
      ...(port && { port }),
    });
  let cluster: Cluster;
  let adminUrl: string;
  try {
    cluster = await start(undefined, seed);
    adminUrl = await makeDatabase(cluster, 'stockade', seed);
  } catch (error) {
    await remove();
    throw error;
  }
  const filling = join(directory, 'filling');
  let hasEnded = false;
  const watch = () => {
    hasEnded = false;
    const watched = cluster;
    watched.ended.then(() => {
      if (watched === cluster) hasEnded = true;
    });
  };
  watch();
  return {
    get cluster() {
      return cluster;
    },
    adminUrl,
    noDisk,
    asSuperuser: (work) => asSuperuser(adminUrl, work),
    async kill() {
      for (const pid of processesOf(cluster.pid)) signal(pid, 'SIGKILL');
      await cluster.ended;
    },
    killSessions: (role) =>
      asSuperuser(adminUrl, async (client) => {
        const { rows } = await client.query<{ pid: number }>(
          `select pid from pg_stat_activity where usename = $1 and state <> 'idle' limit 1`,
          [role],
        );
        for (const { pid } of rows) signal(pid, 'SIGKILL');
        return rows.length;
      }),
    freeze() {
      const pids = processesOf(cluster.pid);
      const goOn = () => {
        for (const pid of pids) signal(pid, 'SIGCONT');
        process.off('exit', goOn);
      };
      // Stopped processes would stay for ever.
      process.on('exit', goOn);
      for (const pid of pids) signal(pid, 'SIGSTOP');
      return goOn;
    },
    async fillDisk() {
      await mkdir(filling, { recursive: true });
      await writeFile(join(filling, randomUUID()), endlessZeros()).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOSPC') throw error;
      });
    },
    makeRoom: () => rm(filling, { recursive: true, force: true }),
    async ensureRunning() {
      if (!hasEnded) return;
      await cluster.stop();
      cluster = await start(cluster.port);
      watch();
    },
    async [Symbol.asyncDispose]() {
      await cluster.destroy();
      await remove();
    },
  };
}

/** Returns why it could not be done. */
function mountSmall(directory: string): string | undefined {
  try {
    execFileSync(
      'mount',
      ['-t', 'tmpfs', '-o', `size=${diskMegabytes}m,mode=755`, 'stockade-faults', directory],
      {
        stdio: 'pipe',
      },
    );
    return undefined;
  } catch (error) {
    return `a small file system cannot be mounted here: ${firstLine((error as Error).message)}`;
  }
}

const firstLine = (text: string) => text.split('\n').slice(0, 2).join(': ');

function* endlessZeros(): Generator<Buffer> {
  const zeros = Buffer.alloc(1_048_576);
  for (;;) yield zeros;
}

/** A process and its children. */
function processesOf(pid: number): number[] {
  const list = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' });
  const children = list
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .flatMap(([child, parent]) => (parent === pid && child ? [child] : []));
  return [pid, ...children];
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
