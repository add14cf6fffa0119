import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { migrate } from '#schema/migrations/migrate.ts';
import { setLogins } from '#scripts/local/logins.ts';
import { startCluster } from '#scripts/local/postgres/cluster.ts';
import { makeScratchFolder } from '#scripts/local/postgres/scratch-folder.ts';
import { paths } from '#scripts/paths.ts';
import { asSuperuser } from './clone.ts';

/** A new Postgres server with one migrated database to clone. It is deleted when it is disposed of. */
export interface ProvingCluster extends AsyncDisposable {
  readonly clusterUrl: string;
  readonly template: string;
  /** The log of the server. */
  readonly logFile: string;
}

/** Starts a server for attacks, shared with nobody. */
export async function startProvingCluster(): Promise<ProvingCluster> {
  const directory = makeScratchFolder('prove');
  const cluster = await startCluster({ directory, durable: false, settings: { max_connections: '100' } });
  const dispose = async () => {
    await cluster.destroy();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const template = 'stockade_template';
    await asSuperuser(cluster.url, (client) => client.query(`create database ${template}`));
    const url = new URL(cluster.url);
    url.pathname = template;
    await migrate({ connectionString: url.href, directory: paths.migrations });
    await setLogins(url.href);
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
