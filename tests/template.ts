import { Pool } from 'pg';
import { inject } from 'vitest';
import { copyDatabaseOn } from './prove/clone.ts';

/** Serves all files of a worker: to connect takes as long as most statements. */
let superusers: Pool | undefined;

/** Copies a database of the run's server that nobody is connected to: the migrated one when none is named. */
export async function cloneDatabase(name: string, template = inject('templateDatabase')): Promise<void> {
  await copyDatabaseOn(cluster(), name, template);
}

/** Runs a statement as the superuser of the run's server, outside of every database of the tests. */
export async function onCluster(statement: string): Promise<void> {
  await cluster().query(statement);
}

function cluster(): Pool {
  if (superusers) return superusers;
  superusers = new Pool({
    connectionString: inject('clusterUrl'),
    idleTimeoutMillis: 0,
    // An idle connection must not keep the worker from ending.
    allowExitOnIdle: true,
  });
  // It replaces a connection that a test has ended.
  superusers.on('error', () => {});
  return superusers;
}
