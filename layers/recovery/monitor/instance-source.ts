import * as rds from '../rds/rds.ts';
import { drillInstances } from './drill-instances.ts';
import { once } from './once.ts';
import type { BackupSource, CopiesElsewhere, KeptSnapshot } from './source.ts';

/** Backups of an RDS instance. */
export function instanceSource(identifier: string, copyRegion: string | undefined): BackupSource {
  const snapshots = once(async () => (await rds.listSnapshots(identifier)).map(toKept));
  const copies = new Map<string, Promise<CopiesElsewhere>>();
  return {
    kind: 'instance',
    identifier,
    copyRegion,
    database: once(async () => {
      const instance = await rds.describeInstance(identifier);
      if (!instance) return undefined;
      const backup = await rds.describeAutomatedBackup(identifier);
      return {
        identifier,
        status: instance.DBInstanceStatus ?? 'unknown',
        createdAt: instance.InstanceCreateTime,
        retentionDays: instance.BackupRetentionPeriod ?? 0,
        earliestRestorableAt: backup?.RestoreWindow?.EarliestTime,
        latestRestorableAt: instance.LatestRestorableTime,
        isEncrypted: instance.StorageEncrypted ?? false,
        isDeletionProtected: instance.DeletionProtection ?? false,
      };
    }),
    snapshots,
    copies(region) {
      const known = copies.get(region) ?? readCopies(identifier, region);
      copies.set(region, known);
      return known;
    },
    restorers: rds.listRestorers,
    begunAt: (snapshot) => rds.firstEventOf(snapshot, 'db-snapshot'),
    drillInstances: once(drillInstances),
  };
}

async function readCopies(identifier: string, region: string): Promise<CopiesElsewhere> {
  const snapshots = await rds.listSnapshots(identifier, region);
  const replica = await rds.describeAutomatedBackup(identifier, region);
  return {
    snapshots: snapshots.map(toKept),
    replicaReachesTo: replica?.RestoreWindow?.LatestTime,
    isReplicaEncrypted: replica?.Encrypted,
  };
}

function toKept(snapshot: rds.DBSnapshot): KeptSnapshot {
  return {
    identifier: snapshot.DBSnapshotIdentifier ?? '',
    status: snapshot.Status ?? 'unknown',
    kind: snapshot.SnapshotType ?? 'unknown',
    // An old snapshot has only SnapshotCreateTime. For a copy, that is the time of the copy and not of its data.
    takenAt:
      snapshot.OriginalSnapshotCreateTime ??
      (snapshot.SourceDBSnapshotIdentifier ? undefined : snapshot.SnapshotCreateTime),
    isEncrypted: snapshot.Encrypted ?? false,
  };
}
