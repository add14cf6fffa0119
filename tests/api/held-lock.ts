import { Client } from 'pg';
import { expect } from 'vitest';
import type { LoginRole } from '#scripts/local/logins.ts';

/** Requests that need what is locked wait while this is held: in a transaction that has begun and entered. */
export interface HeldLock {
  /** Waits until this many transactions of the API, or of another role, wait. */
  waiting(transactions: number, role?: LoginRole): Promise<void>;
  /** Lets them go on. */
  release(): Promise<void>;
}

/**
 * Locks something in the database of a superuser's URL.
 * @example
 * const lock = await holdLock(world.adminUrl, 'lock table inventory.items in share row exclusive mode');
 */
export async function holdLock(adminUrl: string, statement: string): Promise<HeldLock> {
  const [holder, watcher] = [new Client(adminUrl), new Client(adminUrl)];
  await Promise.all([holder.connect(), watcher.connect()]);
  await holder.query('begin');
  await holder.query(statement);
  return {
    async waiting(transactions, role = 'stockade_api') {
      const count = async () =>
        (
          await watcher.query(
            `select count(*)::int as n
             from pg_stat_activity
             where datname = current_database() and usename = $1 and wait_event_type = 'Lock'`,
            [role],
          )
        ).rows[0].n;
      await expect.poll(count, { timeout: 4_000, interval: 20 }).toBe(transactions);
    },
    async release() {
      await holder.query('commit');
      await Promise.all([holder.end(), watcher.end()]);
    },
  };
}
