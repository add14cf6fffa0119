import { join } from 'node:path';
import { Client } from 'pg';
import { inject } from 'vitest';
import { applyRoles } from '#schema/migrations/apply-roles.ts';
import { paths } from '#scripts/paths.ts';

/** Copies a database of the run's server that nobody is connected to: the migrated one when none is named. */
export async function cloneDatabase(name: string, template = inject('templateDatabase')): Promise<void> {
  const url = new URL(inject('clusterUrl'));
  await asSuperuser(url.href, (cluster) => cluster.query(`create database ${name} template ${template}`));
  url.pathname = name;
  // A clone has the objects of its template but not the privileges of the database itself.
  await asSuperuser(url.href, (clone) => applyRoles(clone, join(paths.migrations, '../roles.sql')));
}

/** Runs a statement as the superuser of the run's server, outside of every database of the tests. */
export async function onCluster(statement: string): Promise<void> {
  await asSuperuser(inject('clusterUrl'), (cluster) => cluster.query(statement));
}

async function asSuperuser(url: string, work: (client: Client) => Promise<unknown>): Promise<void> {
  const client = new Client(url);
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
