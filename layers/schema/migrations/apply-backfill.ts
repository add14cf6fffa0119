import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'pg';
import { inTransaction } from '#platform/postgres/transaction.ts';
import { OWNER } from '../book/directives.ts';
import type { Migration } from '../book/migration-files.ts';
import { locateSqlError, MigrationError } from '../migration-error.ts';
import type { Statement } from '../script/sql-statements.ts';
import { type LockPolicy, resetSession } from './session.ts';
import { noteStarted, readStarted, recordFinished, type Started } from './started.ts';

/** How a backfill goes about it. */
export interface BackfillPolicy {
  /** How many rows one transaction fills. */
  readonly backfillBatch: number;
}

/** How far a backfill has come, over all runs of it. */
export interface BackfillProgress {
  readonly rowsFilled: number;
  readonly rowsTotal: number;
  /** Whether an earlier run began it. */
  readonly resumed: boolean;
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
 * Between two batches it waits for as long as half of one took. It ends when the count is zero; while the count falls, it
 * begins again.
 */
export async function applyBackfill(
  client: Client,
  file: Migration,
  statements: readonly Statement[],
  policy: LockPolicy &
    BackfillPolicy & {
      readonly signal?: AbortSignal | undefined;
      readonly onBatch: (progress: BackfillProgress) => void | Promise<void>;
    },
): Promise<number> {
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
  let started = await readStarted(client, file);
  const resumed = started.checkpoint !== null;
  for (let left = await countLeft(client, file, count); left > 0; ) {
    const rowsTotal = started.rowsFilled + left;
    for (;;) {
      policy.signal?.throwIfAborted();
      const batchMs = performance.now();
      const next = await fillBatch(client, file, batch, started, policy);
      if (!next) break;
      started = next;
      await policy.onBatch({ rowsFilled: started.rowsFilled, rowsTotal, resumed });
      await delay((performance.now() - batchMs) / 2, undefined, { signal: policy.signal });
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
  return durationMs;
}

/** One batch and its checkpoint, both or neither; undefined when nothing was left. */
async function fillBatch(
  client: Client,
  file: Migration,
  batch: Statement,
  before: Started,
  { lockTimeoutMs, backfillBatch }: LockPolicy & BackfillPolicy,
): Promise<Started | undefined> {
  const begin = `begin; set local role ${file.role}; set local lock_timeout = ${lockTimeoutMs}` as const;
  return await inTransaction(
    client,
    async () => {
      const answer = await run<Batch>(client, file, batch, [before.checkpoint, backfillBatch]);
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
      return after;
    },
    { begin },
  );
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

/** A policy hides rows from a role without an error: a backfill that sees nothing would be done with nothing. */
async function refuseHidden(client: Client, file: Migration): Promise<void> {
  const names = [...new Set(file.content.match(/\b[a-z_][a-z0-9_]*\.[a-z_][a-z0-9_]*\b/g))];
  const { rows } = await client.query<{ table: string }>(
    // By name, not by to_regclass(): that needs the use of the schema.
    `select format('%I.%I', n.nspname, c.relname) as "table"
     from unnest($1::text[]) as name
     join pg_namespace n on n.nspname = split_part(name, '.', 1)
     join pg_class c on c.relnamespace = n.oid and c.relname = split_part(name, '.', 2) and c.relrowsecurity
     where not (pg_get_userbyid(c.relowner) = $2 and not c.relforcerowsecurity)
       and not exists (
         select from pg_policy p
         where p.polrelid = c.oid
           and p.polpermissive
           and p.polcmd in ('*', 'r')
           and pg_get_expr(p.polqual, p.polrelid) = 'true'
           and p.polroles && array[0, to_regrole($2)::oid]
       )
     order by 1`,
    [names, file.role],
  );
  if (rows.length === 0) return;
  throw new MigrationError(
    `${file.file}: row-level security hides rows of ${rows.map(({ table }) => table).join(', ')} from ${file.role}`,
    'Run it as a role whose policy shows every row ("--! role …"): a backfill that sees no rows would be done at once.',
  );
}
