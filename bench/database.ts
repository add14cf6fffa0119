import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { migrate } from '#schema/migrations/migrate.ts';
import { setLogins } from '#scripts/local/logins.ts';
import { startCluster } from '#scripts/local/postgres/cluster.ts';
import { paths } from '#scripts/paths.ts';

/** A durable Postgres server for the benchmark alone. */
export interface BenchServer {
  /** Creates a migrated database and returns its URL for the superuser. */
  createDatabase(name: string): Promise<string>;
  stop(): Promise<void>;
}

export async function startServer(): Promise<BenchServer> {
  const directory = await mkdtemp(join(tmpdir(), 'stockade-bench-'));
  // If root runs this, Postgres runs as another user, who needs access to keep the data here.
  await chmod(directory, 0o755);
  const cluster = await startCluster({ directory });
  return {
    async createDatabase(name) {
      await execute(cluster.url, `create database ${name}`);
      const url = new URL(cluster.url);
      url.pathname = name;
      await migrate({ connectionString: url.href, directory: paths.migrations });
      await setLogins(url.href);
      return url.href;
    },
    async stop() {
      await cluster.destroy();
      await rm(directory, { recursive: true, force: true });
    },
  };
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
