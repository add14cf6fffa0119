import { chown, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Account } from '../account.ts';
import { type Cluster, startCluster } from '../cluster.ts';
import { copyFiles, listFiles, writeSynced } from './copy-files.ts';
import { assertRoom } from './room.ts';
import type { Base, RestorePlan, WalArchive } from './wal-archive.ts';

export interface RestoreOptions {
  /** The folder of a base backup. */
  readonly backup: string;
  /** The cluster's folder-to-be; see `ClusterOptions.directory`. */
  readonly directory: string;
  /** The superuser's password at the time that is restored. */
  readonly password: string;
  /** A later time to go on to; the end of the backup when absent. */
  readonly pointInTime?: PointInTime | undefined;
  readonly settings?: Readonly<Record<string, string>>;
  readonly archive?: boolean;
  readonly durable: boolean;
  readonly signal?: AbortSignal | undefined;
}

export interface PointInTime {
  readonly time: Date;
  readonly wal: WalArchive;
  readonly plan: RestorePlan<Base>;
}

/** Replaying a day of heavy writing takes its time; a recovery that fails is noticed at once. */
const recoveryTimeoutMs = 3_600_000;

/**
 * Makes a cluster of a base backup, replays WAL up to a time if asked to, and returns it open for writing.
 * What was committed at that time is in it, what was committed later is not.
 * @throws StartFailure with the end of the server's log when the recovery does not get there
 */
export async function restoreCluster(options: RestoreOptions): Promise<Cluster> {
  const { directory, password, pointInTime, durable } = options;
  return await startCluster({
    directory,
    durable,
    archive: options.archive ?? false,
    readyTimeoutMs: recoveryTimeoutMs,
    seed: { password, fill: (folder, account) => fill(options, folder, account) },
    settings: { ...options.settings, ...(pointInTime && recoverySettings(pointInTime)) },
  });
}

async function fill(
  { backup, pointInTime, signal }: RestoreOptions,
  folder: string,
  account: Account | undefined,
): Promise<void> {
  const listing = await listFiles(backup, () => true);
  const bytes = listing.files.reduce((sum, file) => sum + file.bytes, 0);
  await assertRoom('the restored copy', bytes, folder);
  // Postgres puts all of it on disk itself before it recovers.
  await copyFiles(backup, folder, listing, { account, durable: false, signal });
  const wal = join(folder, 'pg_wal');
  await mkdir(wal, { recursive: true, mode: 0o700 });
  if (account) await chown(wal, account.uid, account.gid);
  if (!pointInTime) return;
  await pointInTime.wal.fetch(pointInTime.plan, wal, { account, signal });
  const signalFile = join(folder, 'recovery.signal');
  await writeSynced(signalFile, '');
  if (account) await chown(signalFile, account.uid, account.gid);
}

/** They matter as long as there is a `recovery.signal`, which Postgres removes at the end. */
function recoverySettings({ time }: PointInTime): Readonly<Record<string, string>> {
  return {
    // Every segment is in pg_wal already; there is nowhere else to look.
    restore_command: 'false',
    recovery_target_time: time.toISOString().replace('T', ' ').replace('Z', '+00'),
    recovery_target_action: 'promote',
    // Nobody connects before recovery ends: the first session finds the whole database, open for writing.
    hot_standby: 'off',
  };
}
