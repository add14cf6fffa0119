import { inject } from 'vitest';
import { asSuperuser, copyDatabase } from './prove/clone.ts';

/** Copies a database of the run's server that nobody is connected to: the migrated one when none is named. */
export async function cloneDatabase(name: string, template = inject('templateDatabase')): Promise<void> {
  await copyDatabase(inject('clusterUrl'), name, template);
}

/** Runs a statement as the superuser of the run's server, outside of every database of the tests. */
export async function onCluster(statement: string): Promise<void> {
  await asSuperuser(inject('clusterUrl'), (cluster) => cluster.query(statement));
}
