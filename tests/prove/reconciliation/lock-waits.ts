import { readFile, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** A session that waited for a lock, as the server logged it. */
export interface LockWait {
  readonly waiter: number;
  readonly waitedMs: number;
  readonly what: string;
  /** Whether the job held the lock, or was queued before the waiter. */
  readonly because: 'held' | 'queued before';
}

/**
 * Reads the waits that one session caused from the log of the server. `read()` returns those since the watch began. With
 * log_lock_waits on, the server logs each wait that is longer than deadlock_timeout.
 */
export async function watchLockWaits(logFile: string, pid: number): Promise<{ read(): Promise<LockWait[]> }> {
  const from = (await stat(logFile)).size;
  return {
    async read() {
      // The last line reaches the file a moment later.
      await sleep(100);
      return lockWaitsIn((await readFile(logFile)).subarray(from).toString('utf8'), pid);
    },
  };
}

/** The waits in a log that one session caused. */
function lockWaitsIn(log: string, pid: number): LockWait[] {
  const pattern =
    /process (\d+) still waiting for (.+) after ([\d.]+) ms\n[^\n]*DETAIL: {2}Process(?:es)? holding the lock: ([\d, ]+)\. Wait queue: ([\d, ]+)\./g;
  return [...log.matchAll(pattern)].flatMap(([, waiter, what = '', waitedMs, holders = '', queue = '']) => {
    const numbers = (list: string) => list.split(',').map(Number);
    const before = numbers(queue).slice(0, numbers(queue).indexOf(Number(waiter)));
    const because = numbers(holders).includes(pid)
      ? 'held'
      : before.includes(pid)
        ? 'queued before'
        : undefined;
    return because && Number(waiter) !== pid
      ? [{ waiter: Number(waiter), waitedMs: Number(waitedMs), what, because } as const]
      : [];
  });
}
