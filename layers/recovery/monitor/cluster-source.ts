import { firstEventOf } from '../rds/rds.ts';
import * as aurora from '../rds/rds-cluster.ts';
import { drillInstances } from './drill-instances.ts';
import { once } from './once.ts';
import type { BackupSource, CopiesElsewhere, KeptSnapshot } from './source.ts';

/** Backups of an Aurora cluster. */
export function clusterSource(identifier: string, copyRegion: string | undefined): BackupSource {
  const own = once(() => aurora.listClusterSnapshots(identifier));
  const copies = new Map<string, Promise<CopiesElsewhere>>();
  return {
    kind: 'cluster',
    identifier,
    copyRegion,
    database: once(async () => {
      const cluster = await aurora.describeCluster(identifier);
      if (!cluster) return undefined;
      return {
        identifier,
        status: cluster.Status ?? 'unknown',
        createdAt: cluster.ClusterCreateTime,
        retentionDays: cluster.BackupRetentionPeriod ?? 0,
        earliestRestorableAt: cluster.EarliestRestorableTime,
        latestRestorableAt: cluster.LatestRestorableTime,
        isEncrypted: cluster.StorageEncrypted ?? false,
        isDeletionProtected: cluster.DeletionProtection ?? false,
      };
    }),
    snapshots: once(async () => {
      const snapshots = await own();
      return snapshots.map((each) => toKept(each, snapshots));
    }),
    copies(region) {
      const known = copies.get(region) ?? readCopies(identifier, region, own);
      copies.set(region, known);
      return known;
    },
    restorers: aurora.listClusterRestorers,
    begunAt: (snapshot) => firstEventOf(snapshot, 'db-cluster-snapshot'),
    drillInstances: once(drillInstances),
  };
}

async function readCopies(
  identifier: string,
  region: string,
  own: () => Promise<aurora.DBClusterSnapshot[]>,
): Promise<CopiesElsewhere> {
  const there = await aurora.listClusterSnapshots(identifier, region);
  const replica = await aurora.describeClusterBackup(identifier, region);
  const origins = there.length > 0 ? await own() : [];
  return {
    snapshots: there.map((each) => toKept(each, origins)),
    replicaReachesTo: replica?.RestoreWindow?.LatestTime,
    isReplicaEncrypted: replica?.StorageEncrypted,
  };
}

/** A copy of a cluster snapshot does not contain the age of its data. It only names its original, which does. */
function toKept(
  snapshot: aurora.DBClusterSnapshot,
  origins: readonly aurora.DBClusterSnapshot[],
): KeptSnapshot {
  const source = snapshot.SourceDBClusterSnapshotArn;
  const origin = source ? origins.find((each) => each.DBClusterSnapshotArn === source) : snapshot;
  return {
    identifier: snapshot.DBClusterSnapshotIdentifier ?? '',
    status: snapshot.Status ?? 'unknown',
    kind: snapshot.SnapshotType ?? 'unknown',
    takenAt: origin?.SnapshotCreateTime,
    isEncrypted: snapshot.StorageEncrypted ?? false,
  };
}
