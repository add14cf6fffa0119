import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import type { Clone } from '../clone.ts';
import { type Clients, type Seen, startClients } from './clients.ts';
import { lostOrDoubled, newFigures, oldFigures, recountedFigures } from './figures.ts';
import { killSchedule } from './kills.ts';
import { type Moved, move } from './runner.ts';
import type { ShopSize } from './shop.ts';
import { Switchboard } from './switchboard.ts';
import type { OpenPrograms } from './traffic.ts';

/** The requests of a time, in milliseconds. */
export interface Waits {
  readonly requests: number;
  readonly failed: readonly string[];
  readonly medianMs: number;
  readonly longestMs: number;
  /** What the longest one asked, and of which program. */
  readonly longest: string;
}

/** What a migration under traffic has shown. */
export interface MigrationRun {
  readonly name: string;
  readonly moved: Moved;
  /** The same clients on the same database, just before the migration. */
  readonly quiet: Waits;
  readonly migrating: Waits;
  /** Items and locations whose figures are not what the answered requests make them. */
  readonly lostOrDoubled: readonly string[];
}

/** The lock budget and 300 ms: no request may wait longer. */
export const mostMs = 500;

export function isPerfect({ quiet, migrating, lostOrDoubled: wrong }: MigrationRun): boolean {
  return (
    quiet.failed.length === 0 &&
    migrating.failed.length === 0 &&
    wrong.length === 0 &&
    migrating.longestMs <= mostMs
  );
}

export interface RunOptions {
  readonly name: string;
  readonly size: ShopSize;
  readonly clients: number;
  readonly pauseMs: number;
  /** How long the clients work before the migration begins, and after it has ended. */
  readonly quietMs: number;
  /** How often the runner is killed with -9. */
  readonly kills: number;
  readonly signal: AbortSignal;
}

/** Migrates a shop while its clients go on working, and counts what they saw. */
export async function migrateUnderTraffic(
  shop: Clone,
  openPrograms: OpenPrograms,
  { name, size, clients: count, pauseMs, quietMs, kills, signal }: RunOptions,
): Promise<MigrationRun> {
  const superuser = new Client(shop.url);
  await superuser.connect();
  await using traffic = await openPrograms(shop.url, count);
  const switchboard = new Switchboard();
  try {
    const before = await oldFigures(superuser);
    const clients = startClients({ ...traffic, switchboard, size, pauseMs });
    const { moved, migratingFromMs } = await moveMeanwhile(clients, async () => {
      await delay(quietMs, undefined, { signal });
      const migratingFromMs = performance.now();
      const schedule = kills > 0 ? killSchedule(kills) : undefined;
      const moved = await move({
        databaseUrl: shop.url,
        switchboard,
        prepare: traffic.api,
        kills: schedule,
        signal,
      });
      await delay(quietMs, undefined, { signal });
      return { moved, migratingFromMs };
    });
    const [balances, recounted] = [await newFigures(superuser), await recountedFigures(superuser)];
    return {
      name,
      moved,
      quiet: waitsOf(clients.seen.filter(({ startedMs }) => startedMs < migratingFromMs)),
      migrating: waitsOf(clients.seen.filter(({ startedMs }) => startedMs >= migratingFromMs)),
      lostOrDoubled: [
        ...lostOrDoubled(before, clients.changes, balances),
        ...lostOrDoubled(before, clients.changes, recounted),
      ],
    };
  } finally {
    await superuser.end();
  }
}

async function moveMeanwhile<Result>(clients: Clients, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } finally {
    await clients.stop();
  }
}

function waitsOf(seen: readonly Seen[]): Waits {
  const byWait = [...seen].sort((a, b) => a.waitedMs - b.waitedMs);
  const longest = byWait.at(-1);
  return {
    requests: seen.length,
    failed: seen.flatMap(({ what, program, failure }) =>
      failure ? [`${what} (${program}): ${failure}`] : [],
    ),
    medianMs: byWait[Math.floor(byWait.length / 2)]?.waitedMs ?? 0,
    longestMs: longest?.waitedMs ?? 0,
    longest: longest ? `${longest.what} (${longest.program})` : '',
  };
}
