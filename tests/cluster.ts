import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import type { TestProject } from 'vitest/node';
import { migrate } from '#platform/migrations/migrate.ts';
import { setLogins } from '#scripts/local/logins.ts';
import { startCluster } from '#scripts/local/postgres/cluster.ts';
import { makeScratchFolder } from '#scripts/local/postgres/scratch-folder.ts';
import { paths } from '#scripts/paths.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The superuser's URL to the run's Postgres server. */
    clusterUrl: string;
    /** The server's log. */
    clusterLog: string;
    /** A migrated database that nobody connects to, for cloning. */
    templateDatabase: string;
  }
}

const templateDatabase = 'stockade_template';

/** One Postgres server for the whole run, and one migrated database in it that every test file clones. */
export default async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const directory = makeScratchFolder('tests');
  const cluster = await startCluster({ directory, durable: false, settings: { max_connections: '300' } });
  try {
    await createTemplate(cluster.url);
  } catch (error) {
    await cluster.destroy();
    throw error;
  }
  provide('clusterUrl', cluster.url);
  provide('clusterLog', join(cluster.directory, 'postgres.log'));
  provide('templateDatabase', templateDatabase);
  return async () => {
    await cluster.destroy();
    await rm(directory, { recursive: true, force: true });
  };
}

async function createTemplate(clusterUrl: string): Promise<void> {
  const admin = new Client(clusterUrl);
  await admin.connect();
  await admin.query(`create database ${templateDatabase}`);
  await admin.end();
  const url = new URL(clusterUrl);
  url.pathname = templateDatabase;
  await migrate({ connectionString: url.href, directory: paths.migrations });
  await setLogins(url.href);
}
