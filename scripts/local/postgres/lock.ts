import { readFileSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { StartFailure } from './failure.ts';

/** Held for as long as a process uses a cluster's folder. */
export interface DirectoryLock {
  /** May be called twice. */
  release(): void;
}

/** SQLite's primary result code for "database is locked". */
const sqliteBusy = 5;

/**
 * Claims a cluster's folder for this process.
 * `path` is the file to lock: one that outlives `directory`'s data and lies beside it.
 * The lock is SQLite's, hence the kernel's: it ends with the process, however the process ends, so that a lock
 * can neither be left behind nor be taken from somebody who still lives. Node itself offers no file locks.
 * @throws StartFailure when another process holds it; the message names its pid
 */
export function lockDirectory(directory: string, path: string): DirectoryLock {
  const holderFile = `${path}.pid`;
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { timeout: 0 });
    database.exec('pragma journal_mode = memory; begin exclusive');
  } catch (cause) {
    database?.close();
    if ((cause as { errcode?: number }).errcode === sqliteBusy) {
      throw new StartFailure(
        `another Stockade (pid ${holder(holderFile)}) is running on ${directory}. Stop that one first, or use another folder.`,
        { cause },
      );
    }
    throw new StartFailure(
      `cannot lock ${path}: ${(cause as Error).message}. Does it belong to another user?`,
      {
        cause,
      },
    );
  }
  // Only for the message above: the lock itself never depends on it.
  writeFileSync(holderFile, `${process.pid}\n`);
  const held = database;
  return { release: () => held.isOpen && held.close() };
}

function holder(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim() || 'unknown';
  } catch {
    return 'unknown';
  }
}
