import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Client } from 'pg';
import { connectNoted } from '#platform/postgres/connection-failures.ts';
import { copyFiles, type Listing, listFiles, type SourceFile, syncPath, writeSynced } from './copy-files.ts';
import { assertRoom, type MeasureRoom } from './room.ts';

export interface BackupOptions {
  /** A superuser's connection to the cluster. */
  readonly url: string;
  readonly dataDirectory: string;
  /** The folder to make; it gets its name only once the backup in it is whole and on disk. */
  readonly target: string;
  readonly durable: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (percent: number) => void;
  /** Measures the free disk; for tests. */
  readonly measureRoom?: MeasureRoom | undefined;
}

/** A backup from which a cluster can be started without anything else. */
export interface Backup {
  /** The WAL segment in which it begins: from there on WAL is needed to go further than the backup. */
  readonly startSegment: string;
  /** The database's clock when it was complete; a restore to a point in time can go to any later one. */
  readonly completedAt: Date;
  readonly bytes: number;
}

/**
 * Left out: what belongs to the running server, what it makes again at start, and the WAL, of which only the part that
 * belongs to the backup is added. As `pg_basebackup` does, which the embedded programs do not include.
 */
const leftOut =
  /^(pg_wal|pg_replslot|pg_dynshmem|pg_notify|pg_serial|pg_snapshots|pg_stat_tmp|pg_subtrans)\/|(^|\/)(pgsql_tmp[^/]*|t\d+_\d+(_\w+)?(\.\d+)?|pg_internal\.init[^/]*)(\/|$)|^(postmaster\.(pid|opts)|current_logfiles|backup_label(\.old)?|tablespace_map(\.old)?|recovery\.signal|standby\.signal)$/;

/** The segment in which a backup begins and the one in which it ends. */
const walOfBackupBytes = 2 * 16 * 1_048_576;

/** Holds the state from which recovery starts, so it must not be older than anything else in the backup. */
const controlFile = 'global/pg_control';

/**
 * Takes a physical backup of a running cluster, together with the WAL that makes it consistent.
 * Sessions go on meanwhile. An interrupted backup leaves nothing behind but a folder `<target>.unfinished-…`
 * when this process is killed.
 * @throws NoRoom, before it does anything, when the backup does not fit or would leave too little to the server
 */
export async function takeBaseBackup(options: BackupOptions): Promise<Backup> {
  const { target, signal, dataDirectory } = options;
  const { files } = await listFiles(dataDirectory, isBackedUp);
  const expected = bytesOf(files) + walOfBackupBytes;
  await assertRoom('the backup', expected, dirname(target), options.measureRoom);
  const unfinished = `${target}.unfinished-${randomUUID()}`;
  await mkdir(unfinished, { recursive: true, mode: 0o700 });
  try {
    const backup = await backUp(options, unfinished);
    signal?.throwIfAborted();
    if (options.durable) await syncPath(unfinished);
    await rename(unfinished, target);
    return backup;
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    throw error;
  }
}

async function backUp(options: BackupOptions, folder: string): Promise<Backup> {
  const { url, dataDirectory, durable, signal, onProgress } = options;
  const client = new Client(url);
  await connectNoted(client);
  try {
    await refuseTablespaces(client);
    // Keeps the WAL from here on until this session ends, however it ends.
    await client.query('select pg_create_physical_replication_slot($1, true, true)', [
      `backup_${randomUUID().replaceAll('-', '')}`,
    ]);
    const { rows: started } = await client.query<{ segment: string }>(
      'select pg_walfile_name(lsn) as segment from pg_backup_start($1, fast => true) as lsn',
      [basename(folder)],
    );
    const listing = await listFiles(dataDirectory, isBackedUp);
    const total = bytesOf(listing.files);
    let copied = 0;
    const onCopied = (bytes: number) => {
      copied += bytes;
      onProgress?.(Math.floor((copied / total) * 99));
    };
    const { before, control } = controlLast(listing);
    const copy = { durable, signal, onCopied };
    await copyFiles(dataDirectory, folder, before, copy);
    await copyFiles(dataDirectory, folder, control, copy);

    const { rows: stopped } = await client.query<{ segment: string; label: string; at: Date }>(
      `select pg_walfile_name(lsn - 1) as segment, labelfile as label, clock_timestamp() as at
       from pg_backup_stop(wait_for_archive => false)`,
    );
    const [start, stop] = [started[0], stopped[0]];
    if (!start || !stop) throw new Error('the server did not say where the backup begins and ends');
    await writeSynced(join(folder, 'backup_label'), stop.label);
    const walBytes = await copyWal(dataDirectory, folder, [start.segment, stop.segment], { durable, signal });
    return { startSegment: start.segment, completedAt: stop.at, bytes: copied + walBytes };
  } finally {
    await client.end();
  }
}

async function refuseTablespaces(client: Client): Promise<void> {
  const { rows } = await client.query<{ spcname: string }>(
    "select spcname from pg_tablespace where spcname not in ('pg_default', 'pg_global')",
  );
  if (rows.length === 0) return;
  const names = rows.map(({ spcname }) => spcname).join(', ');
  throw new Error(
    `the cluster has tablespaces outside its folder (${names}), which a backup here would not hold: move what is in them and drop them`,
  );
}

function controlLast({ folders, files }: Listing): { before: Listing; control: Listing } {
  return {
    before: { folders, files: files.filter(({ path }) => path !== controlFile) },
    control: { folders: [], files: files.filter(({ path }) => path === controlFile) },
  };
}

/** The segments of the backup itself: with them in place recovery reaches consistency without an archive. */
async function copyWal(
  dataDirectory: string,
  folder: string,
  [first, last]: readonly [string, string],
  options: { readonly durable: boolean; readonly signal: AbortSignal | undefined },
): Promise<number> {
  const wal = join(dataDirectory, 'pg_wal');
  const { files } = await listFiles(wal, (name) => (name >= first && name <= last) || isHistory(name));
  const segments = files.filter(({ path }) => /^[\dA-F]{24}$/.test(path) || isHistory(path));
  if (!segments.some(({ path }) => path === first) || !segments.some(({ path }) => path === last)) {
    throw new Error(`the WAL of the backup is not complete in ${wal}: ${first} to ${last} are needed`);
  }
  await copyFiles(wal, join(folder, 'pg_wal'), { folders: [], files: segments }, options);
  return bytesOf(segments);
}

function isBackedUp(path: string): boolean {
  return !leftOut.test(path);
}

function bytesOf(files: readonly SourceFile[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}

function isHistory(name: string): boolean {
  return /^[\dA-F]{8}\.history$/.test(name);
}

/** Clears away what backups left whose process was killed. Nobody may be taking one there. */
export async function removeUnfinishedBackups(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((each) => each.includes('.unfinished-'))) {
    await rm(join(folder, name), { recursive: true, force: true });
  }
}
