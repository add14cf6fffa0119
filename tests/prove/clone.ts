import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Client, escapeIdentifier } from 'pg';
import { applyRoles } from '#schema/migrations/apply-roles.ts';
import { paths } from '#scripts/paths.ts';

/** A new database. It is dropped when it is disposed of. */
export interface Clone extends AsyncDisposable {
  /** The URL for the superuser. */
  readonly url: string;
  /** Runs statements as the superuser. Returns the row count of the last one. */
  run(statements: string): Promise<number>;
}

/** Copies a migrated database without connections. `clusterUrl` is the URL for the superuser. */
export async function cloneDatabase(clusterUrl: string, template: string): Promise<Clone> {
  const name = `prove_${randomUUID().replaceAll('-', '')}`;
  await onCluster(
    clusterUrl,
    // Without wal_log, each copy needs a checkpoint of the cluster, which costs more than writing a few megabytes twice.
    `create database ${escapeIdentifier(name)} template ${escapeIdentifier(template)} strategy wal_log`,
  );
  const url = new URL(clusterUrl);
  url.pathname = name;
  // A clone has the objects of its template but not the privileges of the database itself.
  await asSuperuser(url.href, (client) => applyRoles(client, join(paths.migrations, '../roles.sql')));
  return {
    url: url.href,
    run: (statements) =>
      asSuperuser(url.href, async (client) => [await client.query(statements)].flat().at(-1)?.rowCount ?? 0),
    [Symbol.asyncDispose]: () =>
      onCluster(clusterUrl, `drop database if exists ${escapeIdentifier(name)} with (force)`),
  };
}

async function onCluster(clusterUrl: string, statement: string): Promise<void> {
  await asSuperuser(clusterUrl, (client) => client.query(statement));
}

/** Runs work on a new connection as the superuser. */
export async function asSuperuser<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client(url);
  client.on('error', () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
