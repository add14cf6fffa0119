import { type Rds, snapshotFolder } from './context.ts';
import { completedAt, type Instance, type Snapshot } from './records.ts';
import { beginSnapshot, deleteSnapshot, finishSnapshot } from './snapshots.ts';

const dayMs = 86_400_000;
/** After one that failed. */
const retryMs = 3_600_000;

/** Takes an automated snapshot, from which an instance can be brought to points in time from here on. */
export async function backUp(rds: Rds, instance: Instance, signal: AbortSignal): Promise<void> {
  const current = rds.store.current(instance.resourceId);
  if (!current || !['available', 'creating'].includes(current.status)) return;
  const identifier = newName(rds, current);
  const snapshot = await beginSnapshot(rds, current, { identifier, type: 'automated' });
  await finishSnapshot(rds, snapshot, 'AutomatedBackup', signal);
}

/** As RDS names them, to the minute; to the second where there is one of that minute. */
function newName({ store }: Rds, { identifier, region }: Instance): string {
  const time = new Date().toISOString().replace(/[T:.]/g, '-');
  const taken = new Set(
    store.snapshots().flatMap((each) => (each.region === region ? [each.identifier] : [])),
  );
  const names = [16, 19, 23].map((length) => `rds:${identifier}-${time.slice(0, length)}`);
  return names.find((name) => !taken.has(name)) ?? `rds:${identifier}-${time}`;
}

/**
 * What is due for an instance: WAL that is not in the archive yet, a snapshot when the newest is older than
 * `everyMs`, and the end of what is past its retention: all of it when the retention is 0. When `signal` is aborted, it
 * stops waiting for the server.
 */
export async function careFor(
  rds: Rds,
  instance: Instance,
  everyMs: number,
  signal?: AbortSignal,
): Promise<void> {
  const { store, running, works } = rds;
  const { resourceId, settings } = instance;
  const held = running.get(resourceId);
  if (!held?.wal) return;
  if (settings.BackupRetentionPeriod === 0) {
    for (const snapshot of store.bases(resourceId)) await deleteSnapshot(rds, snapshot);
    await held.wal.clear();
    return;
  }
  const until = signal ? AbortSignal.any([held.ended, signal]) : held.ended;
  await held.wal.advance(held.cluster.url, until);

  const bases = store.bases(resourceId).sort((a, b) => completedAt(b).getTime() - completedAt(a).getTime());
  const [newest, ...older] = bases;
  const failed = store
    .snapshots()
    .filter(
      (each) => each.resourceId === resourceId && each.type === 'automated' && each.status === 'failed',
    );
  const since = (time: string | undefined) => Date.now() - new Date(time ?? 0).getTime();
  const isDue =
    since(newest?.originalCreatedAt) >= everyMs && failed.every((each) => since(each.begunAt) >= retryMs);
  // What has failed is shown until one succeeds.
  for (const each of failed) if (newest && newest.begunAt > each.begunAt) await deleteSnapshot(rds, each);
  if (isDue && instance.status === 'available') {
    works.start(resourceId, ({ signal }) => backUp(rds, instance, signal));
  }
  const oldestKept = Date.now() - settings.BackupRetentionPeriod * dayMs;
  const outdated = older.filter((each) => completedAt(each).getTime() < oldestKept);
  // The first one within the retention leads only to times behind it: the one before leads to the rest.
  for (const snapshot of outdated.slice(1)) await deleteSnapshot(rds, snapshot);
  await held.wal.prune(toBases(store.bases(resourceId)));
}

/** The automated snapshots of an instance as backups to go on from. */
export function basesOf({ store }: Rds, resourceId: string): Base[] {
  return toBases(store.bases(resourceId));
}

export interface Base {
  readonly startSegment: string;
  readonly completedAt: Date;
  readonly snapshot: Snapshot;
}

function toBases(snapshots: readonly (Snapshot & { readonly startSegment: string })[]): Base[] {
  return snapshots.map((snapshot) => ({
    startSegment: snapshot.startSegment,
    completedAt: completedAt(snapshot),
    snapshot,
  }));
}

/** The time up to which an instance can be brought; undefined when its WAL is not kept. */
export async function latestRestorable(rds: Rds, { resourceId }: Instance): Promise<Date | undefined> {
  return await rds.running.get(resourceId)?.wal?.latestRestorable(basesOf(rds, resourceId));
}

/** Where the files of a base are. */
export function baseFolder(rds: Rds, { snapshot }: Base): string {
  return snapshotFolder(rds, snapshot);
}
