import type { Rds } from './context.ts';
import type { Instance, Snapshot } from './records.ts';

/** The events of instances. */
type InstanceNews =
  | 'Backing up DB instance'
  | 'Finished DB Instance backup'
  | 'DB instance deleted'
  | 'DB instance created'
  | 'Finished applying modification'
  | 'Reset master credentials'
  | 'Restored from DB instance'
  | 'Restored from snapshot'
  | 'The DB instance creation failed';

type SnapshotNews =
  | 'Creating manual snapshot'
  | 'Deleted manual snapshot'
  | 'Manual snapshot created'
  | 'Creating automated snapshot'
  | 'Automated snapshot created'
  | 'Starting copy of snapshot'
  | 'Finished copy of snapshot'
  | 'Snapshot failed';

/** Records that something has happened to an instance. `more` goes on with the message. */
export async function tellOfInstance(
  { store }: Rds,
  { region, identifier }: Instance,
  what: InstanceNews,
  more = '',
): Promise<void> {
  await store.addEvent({
    region,
    sourceType: 'db-instance',
    sourceIdentifier: identifier,
    message: [what, more].filter(Boolean).join(' '),
    at: new Date().toISOString(),
  });
}

/** Records that something has happened to a snapshot. `more` goes on with the message. */
export async function tellOfSnapshot(
  { store }: Rds,
  { region, identifier }: Snapshot,
  what: SnapshotNews,
  more = '',
): Promise<void> {
  await store.addEvent({
    region,
    sourceType: 'db-snapshot',
    sourceIdentifier: identifier,
    message: [what, more].filter(Boolean).join(' '),
    at: new Date().toISOString(),
  });
}
