import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startCluster } from '#scripts/local/postgres/cluster.ts';
import { makeScratchFolder } from '#scripts/local/postgres/scratch-folder.ts';
import { type PreparedCluster, prepareCluster, seedOf } from './prepared-cluster.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The superuser's URL to the run's Postgres server. */
    clusterUrl: string;
    /** The server's log. */
    clusterLog: string;
    /** A migrated database that nobody connects to, for cloning. */
    templateDatabase: string;
    /** What that server was made from, for servers of one's own. */
    preparedCluster: PreparedCluster;
  }
}

/** One Postgres server for the whole run, and one migrated database in it that every test file clones. */
export default async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  // When nothing is left to wait for, Node ends in the middle of an await, and without this as if all tests had passed.
  process.exitCode = 1;
  const directory = makeScratchFolder('tests');
  const prepared = await prepareCluster();
  const cluster = await startCluster({
    directory,
    durable: false,
    seed: seedOf(prepared),
    // It serves the whole run, so it may be larger than one that lives for a moment.
    settings: { max_connections: '300', shared_buffers: '128MB' },
  });
  provide('clusterUrl', cluster.url);
  provide('clusterLog', join(cluster.directory, 'postgres.log'));
  provide('templateDatabase', prepared.database);
  provide('preparedCluster', prepared);
  process.exitCode = undefined;
  return async () => {
    await cluster.destroy();
    await rm(directory, { recursive: true, force: true });
  };
}
