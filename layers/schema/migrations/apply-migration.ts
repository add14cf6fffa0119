import type { Client } from 'pg';
import { applyOutsideTransaction } from './apply-outside-transaction.ts';
import { MigrationError, sqlstateOf } from './migration-error.ts';
import type { Migration } from './migration-files.ts';

import { retry } from './retry.ts';
import { type LockPolicy, recordApplied, resetSession, runStatement } from './session.ts';
import { type Statement, splitStatements, words } from './sql-statements.ts';

/** What applying one file needs besides the file. */
export interface ApplyContext extends LockPolicy {
  readonly signal?: AbortSignal | undefined;
  /** Called before a file that met a lock is started again. */
  readonly onRetry: (attempt: number, error: Error) => void | Promise<void>;
}

/**
 * Applies one migration and writes its journal row, both or neither.
 * @returns how long the successful attempt took, in milliseconds
 * @throws MigrationError naming file, line, column and SQLSTATE
 */
export async function applyMigration(
  client: Client,
  file: Migration,
  context: ApplyContext,
): Promise<number> {
  const statements = splitStatements(file.content);
  if (statements.length === 0) {
    throw new MigrationError(`${file.file} holds no statement`, 'Write the migration, or remove the file.');
  }
  const work = file.inTransaction
    ? () => applyInTransaction(client, file, statements, context)
    : () => applyOutsideTransaction(client, file, statements, context);
  try {
    return await retry(
      { attempts: context.lockAttempts, maxPauseMs: 2_000, signal: context.signal },
      isLockConflict,
      (attempt, error) => context.onRetry(attempt, error as Error),
      work,
    );
  } catch (error) {
    if (isLockConflict(error)) throw await lockedOut(client, file, context, error);
    throw error;
  }
}

async function applyInTransaction(
  client: Client,
  file: Migration,
  statements: readonly Statement[],
  { lockTimeoutMs }: LockPolicy,
): Promise<number> {
  refuseTransactionControl(file, statements);
  const startedMs = performance.now();
  await resetSession(client);
  await client.query('begin');
  try {
    await client.query(
      `set local role stockade_owner; set local search_path = public; set local lock_timeout = ${lockTimeoutMs}`,
    );
    for (const statement of statements) await runStatement(client, file, statement);
    const durationMs = performance.now() - startedMs;
    await client.query('set local role stockade_owner');
    await recordApplied(client, file, durationMs);
    await client.query('commit');
    return durationMs;
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw error;
  }
}

const TRANSACTION_CONTROL = new Set([
  'begin',
  'start',
  'commit',
  'end',
  'rollback',
  'abort',
  'prepare',
  'savepoint',
  'release',
]);

/** A file that commits by itself could leave half of itself behind; one transaction per file is the promise. */
function refuseTransactionControl(file: Migration, statements: readonly Statement[]): void {
  for (const statement of statements) {
    const [first = '', second = ''] = words(statement.tokens, 2);
    if (!TRANSACTION_CONTROL.has(first) || (first === 'prepare' && second !== 'transaction')) continue;
    const line = file.content.slice(0, statement.start).split('\n').length;
    throw new MigrationError(
      `${file.file}:${line}: "${first}" controls the transaction, which the runner does`,
      'Remove it: a file is one transaction, together with its journal row.',
    );
  }
}

function isLockConflict(error: unknown): boolean {
  const sqlstate = sqlstateOf(error instanceof MigrationError ? error.cause : error);
  return sqlstate === '55P03' || sqlstate === '40P01';
}

async function lockedOut(
  client: Client,
  file: Migration,
  policy: LockPolicy,
  cause: unknown,
): Promise<Error> {
  const { rows } = await client.query(
    `select format('pid %s (user %s, %s since %s): %s', pid, usename, state, xact_start, left(query, 80)) as session
     from pg_stat_activity
     where datname = current_database() and pid <> pg_backend_pid() and xact_start is not null
     order by xact_start limit 3`,
  );
  const oldest = rows.map((row) => `\n  ${row.session}`).join('');
  return new MigrationError(
    `${file.file} met a lock ${policy.lockAttempts} times, ${policy.lockTimeoutMs} ms each: ${(cause as Error).message}`,
    `Run again when the table is quieter, or end the transaction that holds it. Oldest open transactions:${oldest || ' none now'}`,
    { cause },
  );
}
