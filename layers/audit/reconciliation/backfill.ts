import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { isRetryable, isSqlError } from '#platform/postgres/sqlstate.ts';
import { inOrganizationAsJob } from '#tenancy/job-transaction.ts';
import { drawBoundary } from '../seals/boundary.ts';
import { compareHistory, everything } from './compare-history.ts';
import type { Comparison } from './comparison.ts';
import type { BalanceKey } from './discrepancy.ts';
import { inSnapshot } from './snapshot.ts';
import { whyUnwritable } from './unwritable.ts';

/** The progress of a backfill. */
export interface BackfillProgress {
  readonly keys: number;
  readonly movements: number;
  /** The approximate number of movements: those that existed when it began. */
  readonly totalMovements: number;
}

/** A balance that could not be written. It is unchanged, and the others were built. */
export interface RefusedBalance extends BalanceKey {
  readonly because: string;
}

export interface BackfillReport {
  /** Whether it continued an unfinished backfill. */
  readonly resumed: boolean;
  readonly keys: number;
  readonly movements: number;
  /** The number of balances that differed from their movements and were rebuilt. */
  readonly changed: number;
  /** Whether every balance agrees with its history. If false, it was stopped, or somebody keeps changing balances. */
  readonly finished: boolean;
  /** The result of the last comparison. Undefined when it was stopped before that. */
  readonly differing: number | undefined;
  readonly refused: readonly RefusedBalance[];
}

export interface BackfillOptions {
  /** The number of balances in one transaction. They stay locked while it adds up their newest movements. */
  readonly batchKeys: number;
  /** A pause after each batch, in milliseconds. */
  readonly throttleMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (progress: BackfillProgress) => void;
}

/** How often all balances are rebuilt again when the comparison at the end finds differences. */
const mostRounds = 3;

/** The boundary is redrawn this often. Movements since the boundary are added up while balances are locked. */
const drawEveryMs = 5_000;

/** How often a batch is repeated that loses a race to another transaction. */
const maxAttempts = 5;

/** There is no open backfill: another process has finished it. */
const finishedByAnother = 'SK603';

/**
 * Builds the balances of an organization from its movements, batch by batch, while callers keep posting. It ends when every
 * balance agrees with its history, except those that cannot be written. If it is killed, the next call continues after the
 * last batch. Several processes at once take turns.
 * `jobs` is a connection as stockade_jobs.
 */
export async function backfillOrganization(
  jobs: pg.ClientBase,
  orgId: string,
  options: BackfillOptions,
): Promise<BackfillReport> {
  const begun = await begin(jobs, orgId);
  const { signal } = options;
  let done: Batch = { ...begun, changed: 0, refused: [] };
  for (let round = 1; round <= mostRounds; round += 1) {
    done = await rebuild(jobs, orgId, begun, done, options);
    if (!done.walked) return reportOf(begun, done, { finished: false, differing: undefined });
    const { found } = await compareAll(jobs, orgId);
    if (found <= done.refused.length || round === mostRounds) {
      if (found === 0) await end(jobs, orgId, true);
      return reportOf(begun, done, { finished: found === 0, differing: found });
    }
    // Something else changed a balance in the meantime.
    await end(jobs, orgId, false);
    await begin(jobs, orgId);
    done = { ...done, walked: false, keys: 0, movements: 0, refused: [] };
    if (signal?.aborted) break;
  }
  return reportOf(begun, done, { finished: false, differing: undefined });
}

/** Shows what a backfill would change, and writes nothing. */
export async function previewBackfill(jobs: pg.ClientBase, orgId: string): Promise<Comparison> {
  return await compareAll(jobs, orgId);
}

interface Begun {
  readonly resumed: boolean;
  readonly walked: boolean;
  readonly keys: number;
  readonly movements: number;
  readonly totalMovements: number;
}

interface Batch {
  readonly walked: boolean;
  readonly keys: number;
  readonly movements: number;
  readonly changed: number;
  readonly refused: readonly RefusedBalance[];
}

async function rebuild(
  jobs: pg.ClientBase,
  orgId: string,
  { totalMovements }: Begun,
  from: Batch,
  { batchKeys, throttleMs, signal, onProgress }: BackfillOptions,
): Promise<Batch> {
  let done = from;
  let drawnAtMs = Number.NEGATIVE_INFINITY;
  while (!done.walked && !signal?.aborted) {
    if (performance.now() - drawnAtMs > drawEveryMs) {
      await drawBoundary(jobs, orgId, { signal });
      drawnAtMs = performance.now();
    }
    done = await batch(jobs, orgId, batchKeys, done);
    onProgress?.({ keys: done.keys, movements: done.movements, totalMovements });
    if (throttleMs > 0 && !done.walked) await sleep(throttleMs, undefined, { signal }).catch(() => {});
  }
  return done;
}

/** One statement, so that no writer waits for a network round trip. */
async function batch(jobs: pg.ClientBase, orgId: string, keys: number, before: Batch): Promise<Batch> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const { rows } = await jobs.query<{ batch: Omit<Batch, 'refused'> & { refused: RefusedRow[] } }>(
        'select inventory.backfill_balances($1, $2) as batch',
        [orgId, keys],
      );
      if (!rows[0]) throw new Error('inventory.backfill_balances() returned no row');
      const { refused, ...done } = rows[0].batch;
      return { ...done, refused: [...before.refused, ...refused.map(refusedBalance)] };
    } catch (error) {
      // What the other process built will be compared together with our own work.
      if (isSqlError(error) && error.code === finishedByAnother) return { ...before, walked: true };
      if (attempt >= maxAttempts || !isRetryable(error)) throw error;
    }
  }
}

interface RefusedRow extends BalanceKey {
  readonly code: string;
  readonly message: string;
}

function refusedBalance({ item, location, lot, code, message }: RefusedRow): RefusedBalance {
  return { item, location, lot, because: whyUnwritable({ code }) ?? message };
}

async function begin(jobs: pg.ClientBase, orgId: string): Promise<Begun> {
  const [row] = await inOrganizationAsJob<{ begun: Begun }>(jobs, orgId, 'write', {
    text: 'select inventory.begin_backfill() as begun',
  });
  if (!row) throw new Error('inventory.begin_backfill() returned no row');
  return row.begun;
}

async function end(jobs: pg.ClientBase, orgId: string, isEqual: boolean): Promise<void> {
  await inOrganizationAsJob(jobs, orgId, 'write', {
    text: 'select inventory.end_backfill($1)',
    values: [isEqual],
  });
}

function compareAll(jobs: pg.ClientBase, orgId: string): Promise<Comparison> {
  return inSnapshot(jobs, orgId, {}, (snapshot) => compareHistory(snapshot, orgId, everything, undefined));
}

function reportOf(
  { resumed }: Begun,
  { keys, movements, changed, refused }: Batch,
  outcome: Pick<BackfillReport, 'finished' | 'differing'>,
): BackfillReport {
  return { resumed, keys, movements, changed, refused, ...outcome };
}
