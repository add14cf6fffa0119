import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm } from 'node:fs/promises';
import { takeBaseBackup } from '../../postgres/backup/base-backup.ts';
import { copyFiles, listFiles, syncPath } from '../../postgres/backup/copy-files.ts';
import { assertRoom } from '../../postgres/backup/room.ts';
import { complain } from './complain.ts';
import { type Rds, snapshotFolder } from './context.ts';
import { snapshotAlreadyExists } from './errors.ts';
import { tellOfInstance, tellOfSnapshot } from './events.ts';
import type { Instance, Snapshot, SnapshotType } from './records.ts';
import { snapshotArn } from './request/names.ts';

export interface NewSnapshot {
  readonly identifier: string;
  readonly type: SnapshotType;
}

/**
 * Enters a snapshot that is about to be taken: the instance is backing up from here on.
 * @throws AwsError DBSnapshotAlreadyExists
 */
export async function beginSnapshot(
  rds: Rds,
  instance: Instance,
  { identifier, type }: NewSnapshot,
): Promise<Snapshot> {
  const { store } = rds;
  assertNew(rds, instance.region, identifier);
  const { region, resourceId, instanceCreatedAt, engineVersion, masterUsername, databaseName } = instance;
  const snapshot: Snapshot = {
    ...{ region, resourceId, instanceCreatedAt, engineVersion, masterUsername, databaseName },
    isEncrypted: instance.isEncrypted,
    kmsKeyId: instance.kmsKeyId,
    identifier,
    type,
    status: 'creating',
    percent: 0,
    instanceIdentifier: instance.identifier,
    settings: instance.settings,
    instanceTags: instance.tags,
    tags: instance.settings.CopyTagsToSnapshot ? instance.tags : {},
    port: rds.running.get(resourceId)?.cluster.port ?? 5432,
    password: instance.passwords.at(-1)?.password ?? '',
    folder: randomUUID(),
    begunAt: new Date().toISOString(),
    restorableBy: [],
  };
  // Both before anything else gets a turn: a second request finds the instance busy.
  await Promise.all([
    store.putSnapshot(snapshot),
    store.changeInstance(resourceId, { status: 'backing-up' }),
  ]);
  await tellOfInstance(rds, instance, 'Backing up DB instance');
  await tellOfSnapshot(
    rds,
    snapshot,
    type === 'manual' ? 'Creating manual snapshot' : 'Creating automated snapshot',
  );
  return snapshot;
}

function assertNew({ store }: Rds, region: string, identifier: string): void {
  const there = store.snapshots().filter((each) => each.region === region);
  if (there.some((each) => each.identifier === identifier)) throw snapshotAlreadyExists(identifier);
}

/** Takes a snapshot that has been entered, and lets the instance be available again. `operation` is what faults name. */
export async function finishSnapshot(
  rds: Rds,
  snapshot: Snapshot,
  operation: string,
  signal: AbortSignal,
): Promise<void> {
  const { store, faults, running, isDurable } = rds;
  const { folder, resourceId } = snapshot;
  try {
    if (faults.strikes('stuck', operation)) {
      await store.changeSnapshot(folder, { percent: 37 });
      return;
    }
    if (faults.strikes('failed', operation)) return await failSnapshot(rds, snapshot);
    const cluster = running.get(resourceId)?.cluster;
    if (!cluster) throw new Error(`${snapshot.instanceIdentifier} is not running`);
    const { startSegment, completedAt } = await takeBaseBackup({
      url: cluster.url,
      dataDirectory: cluster.dataDirectory,
      target: snapshotFolder(rds, snapshot),
      durable: isDurable,
      signal,
      onProgress: (percent) => store.showPercent(folder, percent),
    });
    const createdAt = completedAt.toISOString();
    const whole = { status: 'available', percent: 100, startSegment };
    await store.changeSnapshot(folder, { ...whole, createdAt, originalCreatedAt: createdAt });
    const created = snapshot.type === 'manual' ? 'Manual snapshot created' : 'Automated snapshot created';
    await tellOfSnapshot(rds, snapshot, created);
  } catch (error) {
    // The next start finds a snapshot that the end of the platform interrupted, and marks it as failed.
    if (signal.aborted) return;
    complain(`snapshot ${snapshot.identifier}`, error);
    await failSnapshot(rds, snapshot);
  } finally {
    const instance = store.current(resourceId);
    if (instance?.status === 'backing-up' && !signal.aborted) {
      await store.changeInstance(resourceId, { status: 'available' });
      await tellOfInstance(rds, instance, 'Finished DB Instance backup');
    }
  }
}

/** Says that a snapshot will not come to be, and deletes what there is of its files. */
export async function failSnapshot(rds: Rds, snapshot: Snapshot): Promise<void> {
  await rm(snapshotFolder(rds, snapshot), { recursive: true, force: true });
  await rds.store.changeSnapshot(snapshot.folder, { status: 'failed' });
  await tellOfSnapshot(rds, snapshot, 'Snapshot failed');
}

export interface SnapshotCopy {
  readonly region: string;
  readonly identifier: string;
  readonly kmsKeyId?: string | undefined;
}

/**
 * Enters a copy that is about to be made.
 * @throws AwsError DBSnapshotAlreadyExists
 */
export async function beginCopy(
  rds: Rds,
  source: Snapshot,
  { region, identifier, kmsKeyId }: SnapshotCopy,
): Promise<Snapshot> {
  assertNew(rds, region, identifier);
  const isFromElsewhere = source.region !== region;
  const copy: Snapshot = {
    ...source,
    region,
    identifier,
    type: 'manual',
    status: 'creating',
    percent: 0,
    tags: {},
    isEncrypted: source.isEncrypted || kmsKeyId !== undefined,
    kmsKeyId: kmsKeyId ?? source.kmsKeyId,
    folder: randomUUID(),
    begunAt: new Date().toISOString(),
    createdAt: undefined,
    sourceRegion: isFromElsewhere ? source.region : undefined,
    sourceArn: isFromElsewhere ? snapshotArn(source) : undefined,
    restorableBy: [],
  };
  await rds.store.putSnapshot(copy);
  await tellOfSnapshot(
    rds,
    copy,
    'Starting copy of snapshot',
    `${source.identifier} from region ${source.region}`,
  );
  return copy;
}

/** Makes a copy that has been entered. */
export async function finishCopy(
  rds: Rds,
  [source, copy]: readonly [Snapshot, Snapshot],
  operation: string,
  signal: AbortSignal,
): Promise<void> {
  const { store, faults, isDurable } = rds;
  const target = snapshotFolder(rds, copy);
  const unfinished = `${target}.unfinished-${randomUUID()}`;
  try {
    if (faults.strikes('stuck', operation)) return;
    if (faults.strikes('failed', operation)) return await failSnapshot(rds, copy);
    const from = snapshotFolder(rds, source);
    const listing = await listFiles(from, () => true);
    const bytes = listing.files.reduce((sum, file) => sum + file.bytes, 0);
    await assertRoom('the copy', bytes, rds.directory);
    await mkdir(unfinished, { mode: 0o700 });
    await copyFiles(from, unfinished, listing, { durable: isDurable, signal });
    await rename(unfinished, target);
    if (isDurable) await syncPath(target);
    await store.changeSnapshot(copy.folder, {
      status: 'available',
      percent: 100,
      createdAt: new Date().toISOString(),
    });
    await tellOfSnapshot(rds, copy, 'Finished copy of snapshot', source.identifier);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    if (signal.aborted) return;
    complain(`copy ${copy.identifier}`, error);
    await failSnapshot(rds, copy);
  }
}

/** Deletes a snapshot at once, and its files when nobody reads them any more. */
export async function deleteSnapshot(rds: Rds, snapshot: Snapshot): Promise<void> {
  const { store, works } = rds;
  await store.removeSnapshot(snapshot.folder);
  if (snapshot.type === 'manual') await tellOfSnapshot(rds, snapshot, 'Deleted manual snapshot');
  works.start(`deletion of snapshot ${snapshot.identifier}`, async () => {
    await works.unread(snapshot.folder);
    await rm(snapshotFolder(rds, snapshot), { recursive: true, force: true });
  });
}
