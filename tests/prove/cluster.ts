import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type MigratedSeed, makeDatabase } from '#scripts/local/migrated-seed.ts';
import { startCluster } from '#scripts/local/postgres/cluster.ts';
import { makeScratchFolder } from '#scripts/local/postgres/scratch-folder.ts';

/** A new Postgres server with one migrated database to clone. It is deleted when it is disposed of. */
export interface ProvingCluster extends AsyncDisposable {
  readonly clusterUrl: string;
  readonly template: string;
  /** The log of the server. */
  readonly logFile: string;
}

/** Starts a server for attacks, shared with nobody. A seed contains the files of a migrated cluster. */
export async function startProvingCluster(
  seed?: MigratedSeed,
  {
    maxConnections = 100,
    processBytes,
  }: { readonly maxConnections?: number; readonly processBytes?: number | undefined } = {},
): Promise<ProvingCluster> {
  const directory = makeScratchFolder('prove');
  const cluster = await startCluster({
    directory,
    durable: false,
    seed,
    processBytes,
    settings: { max_connections: String(maxConnections) },
  });
  const dispose = async () => {
    await cluster.destroy();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const template = 'stockade';
    await makeDatabase(cluster, template, seed);
    return {
      clusterUrl: cluster.url,
      template,
      logFile: join(cluster.directory, 'postgres.log'),
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}
