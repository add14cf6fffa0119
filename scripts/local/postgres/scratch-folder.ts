import { chmodSync, mkdtempSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** More than all the servers of a test run ever keep. */
const plentyBytes = 6 * 2 ** 30;
const inMemory = '/dev/shm';

/**
 * Makes a folder for clusters that live for a moment, which an unprivileged account can enter: Postgres has another user
 * than root. It is in memory where there is plenty of it, as they write a lot of what nobody will read; else on disk.
 */
export function makeScratchFolder(name: string): string {
  const directory = mkdtempSync(join(isMemoryPlenty() ? inMemory : tmpdir(), `stockade-${name}-`));
  chmodSync(directory, 0o755);
  return directory;
}

function isMemoryPlenty(): boolean {
  try {
    const { bavail, bsize } = statfsSync(inMemory);
    // A container may be allowed less memory than its file system of it promises.
    return Math.min(bavail * bsize, process.availableMemory()) > plentyBytes;
  } catch {
    return false;
  }
}
