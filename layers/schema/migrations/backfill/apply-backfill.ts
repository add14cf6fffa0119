import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'pg';
import { inTransaction } from '#platform/postgres/transaction.ts';
import { OWNER } from '../../book/directives.ts';
import type { Migration } from '../../book/migration-files.ts';
import { locateSqlError, MigrationError } from '../../migration-error.ts';
import type { Statement } from '../../script/sql-statements.ts';
import { type LockPolicy, resetSession } from '../session.ts';
import { noteStarted, readStarted, recordFinished, type Started } from '../started.ts';
import { type BatchLimits, firstBatchRows, nextBatchRows } from './batch-size.ts';
import { refuseHidden } from './hidden-rows.ts';
import { createPaceMeter, type Pace } from './pace.ts';
import { type PauseLimits, pauseForOthers, seesOthers } from './throttle.ts';

/** How a backfill goes about it. */
export interface BackfillPolicy extends BatchLimits, PauseLimits {}

/** How far a backfill has come, over all runs of it. */
export interface BackfillProgress extends Pace {
  readonly rowsFilled: number;
  readonly rowsTotal: number;
  /** Whether an earlier run began it. */
  readonly resumed: boolean;
  /** How many rows the last batch had at most. */
  readonly batchRows: number;
  /** How long somebody has waited for the rows of the last batch, in milliseconds. */
  readonly othersWaitedMs: number;
}

/** What a run has done of a backfill. */
export interface Filled {
  readonly durationMs: number;
  readonly rows: number;
  readonly batches: number;
  readonly longestBatchMs: number;
  /** The longest wait of others for the rows of a batch. */
  readonly othersWaitedMs: number;
  /** How long it has paused for others. */
  readonly pausedMs: number;
}

/** What a backfill needs besides the policy. */
export interface BackfillOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onBatch: (progress: BackfillProgress) => void | Promise<void>;
  readonly onPause: (reason: string, pausedMs: number) => void | Promise<void>;
  /** Called once when the user who migrates cannot see what a pause depends on. */
  readonly onBlind: () => void | Promise<void>;
}

/** One answer of the batch. */
interface Batch {
  /** Where it has ended; null when there was nothing left. */
  readonly checkpoint: string | null;
  /** How many rows it was to fill, and how many it has filled. */
  readonly wanted: string;
  readonly filled: string;
}

/**
 * Applies a `--! backfill` file: two statements. The first counts the rows that are still to be filled. The second fills the
 * next batch: $1 is the checkpoint of the batch before it (jsonb, null at first), $2 how many rows at most; its one row
 * answers `checkpoint` (null: nothing is left), `wanted` and `filled`.
 *
 * Each batch is a transaction of its own, with its checkpoint in the journal: a run that is killed is carried on from there.
 * Between two batches it waits for as long as half of one took, and longer for others ({@link pauseForOthers}). It ends when
 * the count is zero; while the count falls, it begins again.
 */
export async function applyBackfill(
  client: Client,
  file: Migration,
  statements: readonly Statement[],
  policy: LockPolicy & BackfillPolicy & BackfillOptions,
): Promise<Filled> {
  const [count, batch, third] = statements;
  if (!count || !batch || third) {
    throw new MigrationError(
      `${file.file} is a backfill and has ${statements.length} statements`,
      'Write two: the count of the rows still to be filled, and the batch that fills the next ones.',
    );
  }
  const startedMs = performance.now();
  await resetSession(client);
  await client.query(`set role ${OWNER}`);
  await refuseHidden(client, file);
  const isBlind = !(await seesOthers(client));
  if (isBlind) await policy.onBlind();
  let started = await readStarted(client, file);
  const resumed = started.checkpoint !== null;
  const rowsBefore = started.rowsFilled;
  const pace = createPaceMeter(rowsBefore, startedMs);
  let batchRows = firstBatchRows(policy);
  let [batches, longestBatchMs, longestWaitMs, pausedMs] = [0, 0, 0, 0];
  for (let left = await countLeft(client, file, count); left > 0; ) {
    const rowsTotal = started.rowsFilled + left;
    for (;;) {
      policy.signal?.throwIfAborted();
      if (!isBlind) pausedMs += await pauseForOthers(client, policy, { ...policy, file: file.file });
      const batchMs = performance.now();
      const next = await fillBatch(client, file, batch, started, { ...policy, batchRows });
      const tookMs = performance.now() - batchMs;
      if (!next) break;
      const { othersWaitedMs } = next;
      started = next.started;
      batches += 1;
      longestBatchMs = Math.max(longestBatchMs, tookMs);
      longestWaitMs = Math.max(longestWaitMs, othersWaitedMs);
      const { rowsFilled } = started;
      const measured = pace.measure(rowsFilled, rowsTotal, performance.now());
      await policy.onBatch({ rowsFilled, rowsTotal, resumed, batchRows, othersWaitedMs, ...measured });
      batchRows = nextBatchRows({ rows: batchRows, tookMs, othersWaitedMs }, policy);
      await delay(Math.max(tookMs / 2, othersWaitedMs), undefined, { signal: policy.signal });
    }
    // Others may have written rows before the checkpoint meanwhile: another pass, from the beginning, fills them.
    started = { ...started, checkpoint: null };
    await noteStarted(client, file, started);
    const leftBefore = left;
    left = await countLeft(client, file, count);
    if (left >= leftBefore) throw stillLeft(file, left);
  }
  const durationMs = performance.now() - startedMs;
  await recordFinished(client, file, durationMs);
  await resetSession(client);
  const rows = started.rowsFilled - rowsBefore;
  return { durationMs, rows, batches, longestBatchMs, othersWaitedMs: longestWaitMs, pausedMs };
}

/** One batch and its checkpoint, both or neither; undefined when nothing was left. */
async function fillBatch(
  client: Client,
  file: Migration,
  batch: Statement,
  before: Started,
  { lockTimeoutMs, batchRows }: LockPolicy & { readonly batchRows: number },
): Promise<{ readonly started: Started; readonly othersWaitedMs: number } | undefined> {
  const begin = `begin; set local role ${file.role}; set local lock_timeout = ${lockTimeoutMs}` as const;
  return await inTransaction(
    client,
    async () => {
      const answer = await run<Batch>(client, file, batch, [before.checkpoint, batchRows]);
      const [row] = answer;
      if (!row || !('checkpoint' in row && 'wanted' in row && 'filled' in row)) {
        throw new MigrationError(
          `${file.file}: the batch does not answer checkpoint, wanted and filled`,
          'Let its last select give one row with these three columns.',
        );
      }
      const [wanted, filled] = [Number(row.wanted), Number(row.filled)];
      if (wanted !== filled) {
        throw new MigrationError(
          `${file.file}: a batch of ${wanted} rows has filled ${filled}`,
          `Nothing of this batch was kept. A policy or a trigger keeps ${file.role} from some of them: run the file as a role that may fill all ("--! role …").`,
        );
      }
      if (row.checkpoint === null) return undefined;
      if (row.checkpoint === before.checkpoint) {
        throw new MigrationError(
          `${file.file}: a batch ended where the one before it ended, at ${row.checkpoint}`,
          'Let each batch begin after the checkpoint that it is given, or it never ends.',
        );
      }
      const after = { ...before, checkpoint: row.checkpoint, rowsFilled: before.rowsFilled + filled };
      await client.query(`set local role ${OWNER}`);
      await noteStarted(client, file, after);
      return { started: after, othersWaitedMs: await longestWaitForUs(client) };
    },
    { begin },
  );
}

/** How long the first of those who wait for a lock of this transaction has waited, in milliseconds; it ends with the commit. */
async function longestWaitForUs(client: Client): Promise<number> {
  const { rows } = await client.query<{ waited: number }>(
    `select coalesce(max(1000 * extract(epoch from clock_timestamp() - waitstart)), 0)::float8 as waited
     from pg_locks
     where not granted and pid <> pg_backend_pid() and pg_backend_pid() = any (pg_blocking_pids(pid))`,
  );
  return rows[0]?.waited ?? 0;
}

async function countLeft(client: Client, file: Migration, count: Statement): Promise<number> {
  const [row] = await inTransaction(client, () => run<Record<string, string>>(client, file, count, []), {
    begin: `begin read only; set local role ${file.role}`,
  });
  return Number(Object.values(row ?? {})[0]);
}

/** A number in jsonb may be greater than a number of JavaScript holds exactly. */
const asText = { getTypeParser: () => (text: string) => text };

async function run<Row extends object>(
  client: Client,
  file: Migration,
  statement: Statement,
  values: unknown[],
): Promise<Row[]> {
  try {
    return (await client.query<Row>({ text: statement.text, values, types: asText })).rows;
  } catch (error) {
    throw locateSqlError(
      error,
      { ...file, ...statement },
      'The batches before this one are kept. Correct the file and run again.',
    );
  }
}

function stillLeft(file: Migration, left: number): MigrationError {
  return new MigrationError(
    `${file.file} has ended, and ${left} rows are still not filled`,
    'Correct its batch: it goes past rows that its count finds, or others add rows that are not filled. Then run again.',
  );
}
