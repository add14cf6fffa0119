import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  readlinkSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { type Account, canReach, runsAsRoot, unprivilegedAccount } from './account.ts';
import { StartFailure } from './failure.ts';
import { openSharedPlace } from './shared-place.ts';

/** Where a cluster's data folder is, and who runs Postgres on it. */
export interface DataPlace {
  /** Postgres's own data folder (PGDATA). */
  readonly data: string;
  /** `<directory>/data`: the data folder itself, or a symlink to it when it has to be kept elsewhere. */
  readonly entry: string;
  readonly lockFile: string;
  /** Where Postgres puts finished WAL segments when it archives: beside the data, so that it may write there. */
  readonly archive: string;
  /** Set when we are root: the account that Postgres runs as. */
  readonly account?: Account;
}

/**
 * Decides where the data of `directory` belongs, without changing anything.
 * That is `<directory>/data`, unless we are root and the unprivileged account cannot get there (a checkout below
 * `/root`): then it is `<shared place>/data-<hash of directory>`, and `<directory>/data` is a symlink to it.
 * Nobody's permissions are changed. Existing data stays where it is and keeps its owner.
 * @throws StartFailure when existing data cannot be used by this user
 */
export function placeData(directory: string, places?: readonly string[]): DataPlace {
  const entry = join(directory, 'data');
  const existing = lstatOf(entry);
  if (!runsAsRoot()) return ownData(entry);

  if (existing?.isSymbolicLink()) {
    const data = readlinkSync(entry);
    openSharedPlace([dirname(data)]);
    return { ...beside(data, entry), account: ownerOf(data) ?? unprivilegedAccount() };
  }
  const account = ownerOf(entry) ?? unprivilegedAccount();
  if (canReach(account, directory)) return { ...beside(entry, entry), account };
  if (existing) {
    throw new StartFailure(
      `${entry} belongs to uid ${account.uid}, which cannot get into ${directory}: ` +
        'let others enter the folders above it (chmod o+x), or run as the user who made it.',
    );
  }
  const hash = createHash('sha256').update(directory).digest('hex').slice(0, 16);
  const data = join(openSharedPlace(places), `data-${hash}`);
  return { ...beside(data, entry), account };
}

function beside(data: string, entry: string): Pick<DataPlace, 'data' | 'entry' | 'lockFile' | 'archive'> {
  return { data, entry, lockFile: `${data}.lock`, archive: `${data}.archive` };
}

/**
 * Makes the symlink for data that is kept elsewhere. Call it with the lock held and no server running.
 * A person who deleted `directory` wanted a fresh start, yet nothing here deletes the only copy of a ledger: data
 * that nothing points to any more is moved aside, where it stays until the next time.
 */
export function settleData(place: DataPlace): void {
  if (place.data === place.entry || lstatOf(place.entry)) return;
  if (existsSync(place.data)) {
    rmSync(`${place.data}.previous`, { recursive: true, force: true });
    renameSync(place.data, `${place.data}.previous`);
  }
  symlinkSync(place.data, place.entry);
}

function ownData(entry: string): DataPlace {
  const stats = statOf(entry);
  if (stats && stats.uid !== process.getuid?.()) {
    throw new StartFailure(
      `${entry} belongs to uid ${stats.uid}: it was made by root or by another user. ` +
        'Start as that user, or move it away to begin with an empty database.',
    );
  }
  return beside(entry, entry);
}

/** Existing data dictates the account: a folder that an ordinary user made is run as that user, even by root. */
function ownerOf(path: string): Account | undefined {
  const stats = statOf(path);
  if (!stats) return undefined;
  if (stats.uid === 0) {
    throw new StartFailure(
      `${path} belongs to root, and Postgres refuses to run as root: give it to another user (chown -R), or move it away.`,
    );
  }
  return { uid: stats.uid, gid: stats.gid };
}

function statOf(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}

function lstatOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}
