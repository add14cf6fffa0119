import { rm } from 'node:fs/promises';
import { Client } from 'pg';
import { type IsolationReport, lintIsolation } from '#schema/lint/isolation-lint.ts';
import type { IsolationRule } from '#schema/lint/isolation-rules.ts';
import { migrate } from '#schema/migrations/migrate.ts';
import { startCluster } from '#scripts/local/postgres/cluster.ts';
import { makeScratchFolder } from '#scripts/local/postgres/scratch-folder.ts';
import { createScratchDatabase } from '#scripts/migrate/catalog/scratch-database.ts';

/** Where the rules are, below the root of the checkout. */
export const rulesFolder = 'sql/lint';

/** Applies the rules to a database. Whoever may connect may ask. */
export async function lintDatabase(
  databaseUrl: string,
  rules: readonly IsolationRule[],
): Promise<IsolationReport> {
  const client = new Client({
    connectionString: databaseUrl,
    application_name: 'stockade-isolation-lint',
    connectionTimeoutMillis: 10_000,
  });
  await client.connect();
  // A connection that is lost between statements fails the next one; without a listener it would end the process.
  client.on('error', () => {});
  try {
    return await lintIsolation(client, rules);
  } finally {
    await client.end();
  }
}

/** Applies the rules to what the migrations make of an empty database, on a cluster of its own that is thrown away. */
export async function lintMigrations(
  migrations: string,
  rules: readonly IsolationRule[],
  signal?: AbortSignal,
): Promise<IsolationReport> {
  const directory = makeScratchFolder('isolation');
  try {
    const cluster = await startCluster({ directory, durable: false });
    try {
      await using database = await createScratchDatabase(cluster.url);
      await migrate({ connectionString: database.url, directory: migrations, signal });
      return await lintDatabase(database.url, rules);
    } finally {
      await cluster.destroy();
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
