import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'pg';
import { MigrationError } from '../migration-error.ts';
import { jitteredPauseMs } from './retry.ts';

/** The key of the advisory lock that one runner holds per database: "STKD", "MIGR" in ASCII. */
export const TURN_KEY = [0x53544b44, 0x4d494752] as const;

/**
 * Waits until this session is the only runner of its database; the session keeps the turn until it ends.
 *
 * It polls. Waiting inside pg_advisory_lock would hold a snapshot, and a concurrent index build of the runner
 * at work waits for every older snapshot: both would wait for each other until Postgres killed one.
 * @throws MigrationError after `waitMs`, naming the session that holds the turn
 */
export async function takeTurn(
  client: Client,
  waitMs: number,
  onWait: (holder: string) => void | Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const deadline = performance.now() + waitMs;
  for (let attempt = 1; ; attempt += 1) {
    signal?.throwIfAborted();
    const { rows } = await client.query('select pg_try_advisory_lock($1, $2) as taken', [...TURN_KEY]);
    if (rows[0].taken) return;
    const holder = await describeHolder(client);
    if (performance.now() >= deadline) {
      throw new MigrationError(
        `another migration run holds this database: ${holder}; waited ${Math.round(waitMs / 1000)} s`,
        'Wait until it ends and run again. If that process is gone, end its session with pg_terminate_backend(pid).',
      );
    }
    if (attempt === 1) await onWait(holder);
    await delay(Math.min(jitteredPauseMs(attempt, 500), deadline - performance.now() + 1), undefined, {
      signal,
    });
  }
}

async function describeHolder(client: Client): Promise<string> {
  const { rows } = await client.query(
    `select l.pid, coalesce(a.usename, 'unknown') as "user", coalesce(host(a.client_addr), 'local') as address
     from pg_locks as l left join pg_stat_activity as a on a.pid = l.pid
     where l.locktype = 'advisory' and l.granted
       and l.database = (select oid from pg_database where datname = current_database())
       and l.classid::bigint = $1 and l.objid::bigint = $2 and l.objsubid = 2`,
    [...TURN_KEY],
  );
  const [holder] = rows;
  return holder
    ? `pid ${holder.pid} (user ${holder.user}, from ${holder.address})`
    : 'a session that just ended';
}
