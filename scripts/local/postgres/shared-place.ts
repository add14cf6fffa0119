import { chmodSync, lstatSync, mkdirSync } from 'node:fs';
import { StartFailure } from './failure.ts';

/**
 * Where root keeps what the unprivileged account must reach but cannot reach inside the checkout.
 * The first that can be made is used; `/var/lib` outlives a cleaning of temporary files.
 */
export const sharedPlaces: readonly string[] = ['/var/lib/stockade', '/var/tmp/stockade-root'];

/**
 * Creates (or finds) the first usable folder of a list: it belongs to this account, and only this account writes to it.
 * @throws StartFailure when a folder of that name belongs to somebody else or others may write to it: its owner
 *   could replace the programs that run from it
 */
export function openSharedPlace(candidates: readonly string[] = sharedPlaces): string {
  const refusals: string[] = [];
  for (const path of candidates) {
    try {
      const made = mkdirSync(path, { recursive: true, mode: 0o755 });
      assertOurs(path);
      if (made) chmodSync(path, 0o755); // whatever the umask took away
      return path;
    } catch (error) {
      if (error instanceof StartFailure) throw error;
      refusals.push(`${path}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new StartFailure(
    `no folder for Postgres that root and an unprivileged account can both reach:\n  ${refusals.join('\n  ')}\n` +
      'Run as an ordinary user, or move the checkout to a folder that others may enter.',
  );
}

/**
 * Refuses a folder that is not a real folder of ours, or that somebody else may write to.
 * @throws StartFailure
 */
export function assertOurs(path: string): void {
  const stats = lstatSync(path);
  const uid = process.getuid?.();
  if (stats.isDirectory() && stats.uid === uid && (stats.mode & 0o022) === 0) return;
  throw new StartFailure(
    `${path} is not a folder of uid ${uid} that only it can write to ` +
      `(owner uid ${stats.uid}, mode ${(stats.mode & 0o7777).toString(8)}). ` +
      'Somebody else made it: look at what is in it, then remove it.',
  );
}
