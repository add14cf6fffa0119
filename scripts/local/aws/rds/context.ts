import { join } from 'node:path';
import { WalArchive } from '../../postgres/backup/wal-archive.ts';
import type { Cluster } from '../../postgres/cluster.ts';
import type { MetFaults } from '../faults.ts';
import { complain } from './complain.ts';
import type { RdsFault } from './errors.ts';
import type { Instance, Snapshot } from './records.ts';
import type { Store } from './store.ts';
import type { Works } from './works.ts';

/** The cluster behind an instance. */
export interface Running {
  readonly cluster: Cluster;
  /** Its WAL, when it is kept. */
  readonly wal: WalArchive | undefined;
  /** Aborted when the cluster has ended: nothing comes from it any more. */
  readonly ended: AbortSignal;
}

/** What everything in the local RDS works with. */
export interface Rds {
  readonly directory: string;
  /** False trades safety against power failure for speed. */
  readonly isDurable: boolean;
  readonly store: Store;
  readonly works: Works;
  readonly faults: Pick<MetFaults<RdsFault>, 'strikes'>;
  /** By resource id. */
  readonly running: Map<string, Running>;
}

/** The cluster of an instance of ours. */
export function instanceFolder({ directory }: Rds, { resourceId }: Pick<Instance, 'resourceId'>): string {
  return join(directory, 'instances', resourceId.toLowerCase());
}

/** The base backup of a snapshot. */
export function snapshotFolder({ directory }: Rds, { folder }: Pick<Snapshot, 'folder'>): string {
  return join(directory, 'snapshots', folder);
}

/** Remembers the cluster of an instance; when it ends by itself the instance has failed. */
export async function hold(rds: Rds, { resourceId, identifier }: Instance, cluster: Cluster): Promise<void> {
  const wal = await openWal(rds, resourceId, cluster);
  const ended = new AbortController();
  rds.running.set(resourceId, { cluster, wal, ended: ended.signal });
  const onEnd = async () => {
    ended.abort();
    if (rds.running.get(resourceId)?.cluster !== cluster) return;
    rds.running.delete(resourceId);
    // Lets go of the folder, so that the instance can be deleted.
    await cluster.stop();
    await rds.store.changeInstance(resourceId, { status: 'failed' });
  };
  cluster.ended.then(onEnd).catch((error) => complain(identifier, error));
}

async function openWal(
  { directory }: Rds,
  resourceId: string,
  { archiveDirectory, walSegmentBytes }: Cluster,
): Promise<WalArchive | undefined> {
  if (archiveDirectory === undefined) return undefined;
  const marksFile = join(directory, 'marks', resourceId.toLowerCase());
  return await WalArchive.open({ directory: archiveDirectory, marksFile, segmentBytes: walSegmentBytes });
}
