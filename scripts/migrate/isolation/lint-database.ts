import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { connectNoted } from '#platform/postgres/connection-failures.ts';
import { type IsolationReport, lintIsolation } from '#schema/lint/isolation-lint.ts';
import type { IsolationRule } from '#schema/lint/isolation-rules.ts';
import { migrate } from '#schema/migrations/migrate.ts';
import { startCluster } from '#scripts/local/postgres/cluster.ts';
import { makeScratchFolder } from '#scripts/local/postgres/scratch-folder.ts';
import { createScratchDatabase } from '#scripts/migrate/catalog/scratch-database.ts';

/** The folder with the rules, relative to the root of the checkout. */
export const rulesFolder = 'sql/lint';

/**
 * The faults that are accepted in databases of some migrations: `lint/exceptions.json` beside them, as `migrate:adopt` writes
 * it. Undefined when there is none; then those of this release hold.
 */
export function exceptionsBeside(migrations: string): string | undefined {
  const file = join(migrations, '..', 'lint', 'exceptions.json');
  return existsSync(file) ? file : undefined;
}

/** Applies the rules to a database. Any role that can connect can run them. */
export async function lintDatabase(
  databaseUrl: string,
  rules: readonly IsolationRule[],
): Promise<IsolationReport> {
  const client = new Client({
    connectionString: databaseUrl,
    application_name: 'stockade-isolation-lint',
    connectionTimeoutMillis: 10_000,
  });
  await connectNoted(client);
  try {
    return await lintIsolation(client, rules);
  } finally {
    await client.end();
  }
}

/** Applies the rules to an empty database after all migrations, on a temporary cluster. */
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
