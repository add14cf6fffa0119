import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Pool } from 'pg';
import { makeDatabase } from '#scripts/local/migrated-seed.ts';
import { type Cluster, startCluster } from '#scripts/local/postgres/cluster.ts';
import { copyDatabase } from '#tests/prove/clone.ts';
import { closing } from './interruption.ts';

/** A Postgres server for the benchmark alone. */
export interface BenchServer {
  /** Creates a migrated database and returns its URL for the superuser. */
  createDatabase(name: string): Promise<string>;
  /** Creates an empty database and returns its URL for the superuser. */
  createEmptyDatabase(name: string): Promise<string>;
  stop(): Promise<void>;
}

export interface BenchServerOptions {
  /** False measures what the processor does, without the waits for the disk. */
  readonly durable?: boolean;
  /** Settings of Postgres. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Starts a durable server, if nothing else is said. */
export async function startServer(options: BenchServerOptions = {}): Promise<BenchServer> {
  const directory = await mkdtemp(join(tmpdir(), 'stockade-bench-'));
  const removeFolder = closing(() => rm(directory, { recursive: true, force: true }));
  // If root runs this, Postgres runs as another user, who needs access to keep the data here.
  await chmod(directory, 0o755);
  const starting = startCluster({ directory, ...options });
  const destroy = closing(async () => await discard(await starting));
  const cluster = await starting;
  const template = 'stockade';
  await makeDatabase(cluster, template);
  const urlOf = (name: string) => Object.assign(new URL(cluster.url), { pathname: name }).href;
  return {
    async createDatabase(name) {
      await copyDatabase(cluster.url, name, template);
      return urlOf(name);
    },
    async createEmptyDatabase(name) {
      await execute(cluster.url, `create database ${name}`);
      return urlOf(name);
    },
    async stop() {
      await destroy();
      await removeFolder();
    },
  };
}

/** Ends a server and deletes its data. It writes nothing more: a checkpoint of what nobody will read takes seconds. */
export async function discard(cluster: Cluster): Promise<void> {
  process.kill(cluster.pid, 'SIGQUIT');
  await cluster.destroy();
}

/** Connections without the wall. Those that are being closed may see the server stop: that is no fault. */
export function openPool(url: string, max: number): Pool {
  const pool = new Pool({ connectionString: url, max });
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

/** Runs SQL as the superuser. */
export async function execute(url: string, sql: string): Promise<void> {
  const client = new Client(url);
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
