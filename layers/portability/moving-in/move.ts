import type { Client } from 'pg';
import {
  type MigrateOptions,
  type MigrationReport,
  migrate,
  withClient,
} from '#schema/migrations/migrate.ts';
import { takeTurn } from '#schema/migrations/turn.ts';
import { refuseDifferences } from './before-switch.ts';
import { assignRows } from './catch-up.ts';
import type { MoveInCheck } from './check/offence.ts';
import { checkRows } from './check-rows.ts';
import { decide } from './decide.ts';
import type { Decisions } from './decisions.ts';
import { findInventory } from './inventory-found.ts';
import { refuseOffences, refuseUncovered } from './offences.ts';
import { lastOf } from './steps.ts';
import { refuseUndecided } from './undecided.ts';
import { readUnpaired, type Unpaired } from './unpaired.ts';

type Without<Options, Key extends keyof Options> = Options extends unknown ? Omit<Options, Key> : never;

export type MoveOptions = Without<MigrateOptions, 'target' | 'dryRun' | 'beforeContract'>;

/** What a part of the move has done. */
export interface MoveReport {
  /** False when nothing had to move in: the inventory is empty, or has moved already. */
  readonly isMoving: boolean;
  /** What each run of the migrations has applied, in order. */
  readonly runs: readonly MigrationReport[];
}

/**
 * Looks for every row that a rule of the new schema refuses, and changes nothing. An inventory that has moved in, and one
 * without rows, has none.
 */
export async function checkMove(
  options: MoveOptions,
  decisions: Pick<Decisions, 'codes' | 'assignments' | 'organization'>,
  mostPerRule?: number,
): Promise<MoveInCheck> {
  return await withClient(options, async (client) => {
    const { kind } = await findInventory(client);
    if (kind !== 'moving') return { offences: [], counts: {} };
    return await checkRows(client, decisions, { mostPerRule, signal: options.signal });
  });
}

/**
 * Gives every row of the inventory its organization while the old program goes on working. Running it again carries on, and
 * takes decisions that were changed.
 * @throws MigrationError when a rule of the new schema refuses a row, or a decision is missing or leaves a row without an answer; then no table of the old program was
 *   touched
 */
export async function moveOrganizations(options: MoveOptions, decisions: Decisions): Promise<MoveReport> {
  const found = await withClient(options, findInventory);
  if (found.kind !== 'moving') return { isMoving: false, runs: [] };
  refuseOffences((await checkMove(options, decisions)).offences);
  const runs = [await migrate({ ...options, target: lastOf.decisions })];
  await withTurn(options, (client) => decide(client, decisions));
  runs.push(await migrate({ ...options, target: lastOf.organizations }));
  // The backfill of an earlier run has followed the assignments of that time.
  await withTurn(options, async (client) => {
    await assignRows(client, options.signal);
    await refuseUncovered(client);
  });
  return { isMoving: true, runs };
}

/**
 * Makes entries and balances of the movements while the old program goes on working, and proves them equal.
 * @throws MigrationError when `moveOrganizations` has not run, or when something differs
 */
export async function moveBalances(
  options: MoveOptions,
): Promise<MoveReport & { readonly unpaired: Unpaired }> {
  const found = await withClient(options, findInventory);
  if (found.kind !== 'moving') return { isMoving: false, runs: [], unpaired: { count: 0, halves: [] } };
  await withClient(options, refuseUndecided);
  const runs = [await migrate({ ...options, target: lastOf.balances })];
  const unpaired = await withTurn(options, async (client) => {
    await refuseDifferences(client, options.signal);
    return await readUnpaired(client);
  });
  return { isMoving: true, runs, unpaired };
}

/** Connects and keeps every other runner out while the work lasts. */
async function withTurn<Result>(
  options: MoveOptions,
  work: (client: Client) => Promise<Result>,
): Promise<Result> {
  return await withClient(options, async (client) => {
    const onWait = (holder: string) => options.onProgress?.({ kind: 'waiting', holder });
    await takeTurn(client, options.turnWaitMs ?? 60_000, onWait, options.signal);
    return await work(client);
  });
}
