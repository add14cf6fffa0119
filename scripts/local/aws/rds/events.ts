import type { Rds } from './context.ts';
import { instanceArn, snapshotArn } from './names.ts';
import type { Instance, RdsEvent, Snapshot } from './records.ts';

/** What is told about instances: RDS's number of it and its category. */
const aboutInstances = {
  'Backing up DB instance': ['RDS-EVENT-0001', 'backup'],
  'Finished DB Instance backup': ['RDS-EVENT-0002', 'backup'],
  'DB instance deleted': ['RDS-EVENT-0003', 'deletion'],
  'DB instance created': ['RDS-EVENT-0005', 'creation'],
  'Finished applying modification': ['RDS-EVENT-0014', 'configuration change'],
  'Reset master credentials': ['RDS-EVENT-0016', 'configuration change'],
  'Restored from DB instance': ['RDS-EVENT-0019', 'restoration'],
  'Restored from snapshot': ['RDS-EVENT-0043', 'restoration'],
  'The DB instance creation failed': ['RDS-EVENT-0278', 'failure'],
} as const;

const aboutSnapshots = {
  'Creating manual snapshot': ['RDS-EVENT-0040', 'creation'],
  'Deleted manual snapshot': ['RDS-EVENT-0041', 'deletion'],
  'Manual snapshot created': ['RDS-EVENT-0042', 'creation'],
  'Creating automated snapshot': ['RDS-EVENT-0090', 'creation'],
  'Automated snapshot created': ['RDS-EVENT-0091', 'creation'],
  'Starting copy of snapshot': ['RDS-EVENT-0059', 'notification'],
  'Finished copy of snapshot': ['RDS-EVENT-0060', 'notification'],
  'Snapshot failed': ['RDS-EVENT-0061', 'notification'],
} as const;

/** Records that something has happened to an instance. `more` goes on with the message. */
export async function tellOfInstance(
  rds: Rds,
  instance: Instance,
  what: keyof typeof aboutInstances,
  more = '',
): Promise<void> {
  const [eventId, category] = aboutInstances[what];
  await add(rds, {
    region: instance.region,
    eventId,
    sourceType: 'db-instance',
    sourceIdentifier: instance.identifier,
    sourceArn: instanceArn(instance),
    message: [what, more].filter(Boolean).join(' '),
    categories: [category],
    at: new Date().toISOString(),
  });
}

/** Records that something has happened to a snapshot. `more` goes on with the message. */
export async function tellOfSnapshot(
  rds: Rds,
  snapshot: Snapshot,
  what: keyof typeof aboutSnapshots,
  more = '',
): Promise<void> {
  const [eventId, category] = aboutSnapshots[what];
  await add(rds, {
    region: snapshot.region,
    eventId,
    sourceType: 'db-snapshot',
    sourceIdentifier: snapshot.identifier,
    sourceArn: snapshotArn(snapshot),
    message: [what, more].filter(Boolean).join(' '),
    categories: [category],
    at: new Date().toISOString(),
  });
}

async function add({ store, listeners }: Rds, event: RdsEvent): Promise<void> {
  await store.addEvent(event);
  for (const listener of listeners) listener(event);
}
