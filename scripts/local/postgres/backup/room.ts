import { statfs } from 'node:fs/promises';
import { Refusal } from '#platform/refusal.ts';

/** Left to the server, which ends when it cannot write its log: four segments of WAL. */
export const reservedBytes = 4 * 16 * 1_048_576;

/** A copy would fill the disk, and the database on it would end. */
export class NoRoom extends Refusal {
  override readonly name = 'NoRoom';
}

/** The bytes of the file system of a folder that are free. */
export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** Measures the free bytes of a folder; tests give another one. */
export type MeasureRoom = (folder: string) => Promise<number>;

/**
 * Makes sure that something of `bytes` fits into a folder and leaves the reserve to the server.
 * @throws NoRoom with both figures
 */
export async function assertRoom(
  what: string,
  bytes: number,
  folder: string,
  measure: MeasureRoom = freeBytes,
): Promise<void> {
  const free = await measure(folder);
  if (free >= bytes + reservedBytes) return;
  throw new NoRoom(
    `${what} needs ${megabytes(bytes + reservedBytes)} of free disk, ${megabytes(reservedBytes)} of it as a reserve ` +
      `for the database, and ${folder} has ${megabytes(free)}: free some space`,
  );
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1_048_576)} MB`;
}
