import { Client, escapeIdentifier } from 'pg';
import { migrate } from '#schema/migrations/migrate.ts';
import { paths } from '#scripts/paths.ts';
import { setLogins } from './logins.ts';
import type { Cluster } from './postgres/cluster.ts';
import type { Seed } from './postgres/initialize.ts';

/** The files of a cluster in which a database is migrated already. */
export interface MigratedSeed extends Seed {
  readonly database: string;
}

/** Makes a migrated database in a new cluster, or takes the one that came with its files; answers the superuser's URL. */
export async function makeDatabase(cluster: Cluster, name: string, seed?: MigratedSeed): Promise<string> {
  const url = new URL(cluster.url);
  url.pathname = name;
  const client = new Client(cluster.url);
  await client.connect();
  try {
    await client.query(
      seed
        ? `alter database ${escapeIdentifier(seed.database)} rename to ${escapeIdentifier(name)}`
        : `create database ${escapeIdentifier(name)}`,
    );
  } finally {
    await client.end();
  }
  if (seed) return url.href;
  await migrate({ connectionString: url.href, directory: paths.migrations });
  await setLogins(url.href);
  return url.href;
}
