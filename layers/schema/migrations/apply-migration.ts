import type { Client } from 'pg';
import type { Migration } from '../book/migration-files.ts';
import { MigrationError } from '../migration-error.ts';
import { splitStatements } from '../script/sql-statements.ts';
import { applyBackfill, type BackfillPolicy, type BackfillProgress } from './apply-backfill.ts';
import { applyConcurrently } from './apply-concurrently.ts';
import { isLockConflict, lockedOut } from './lock-conflict.ts';
import { retry } from './retry.ts';
import { runAtOnce } from './run-at-once.ts';
import { type LockPolicy, recordApplied } from './session.ts';

/** What applying one file needs besides the file. */
export interface ApplyContext extends LockPolicy {
  readonly signal?: AbortSignal | undefined;
  /** Called before a file that met a lock is started again. */
  readonly onRetry: (attempt: number, error: Error) => void | Promise<void>;
}

/** What a backfill needs besides. */
export interface BackfillContext extends ApplyContext, BackfillPolicy {
  readonly onBatch: (progress: BackfillProgress) => void | Promise<void>;
}

/**
 * Applies one migration and writes its journal row. One in a transaction is applied with its row or not at all; one that is
 * not is carried on where an earlier run has left it.
 * @returns how long the successful attempt took, in milliseconds
 * @throws MigrationError naming file, line, column and SQLSTATE
 */
export async function applyMigration(
  client: Client,
  file: Migration,
  context: BackfillContext,
): Promise<number> {
  const statements = splitStatements(file.content);
  if (statements.length === 0) {
    throw new MigrationError(`${file.file} holds no statement`, 'Write the migration, or remove the file.');
  }
  return await retried(client, file.file, context, () => {
    switch (file.way) {
      case 'transaction':
        return runAtOnce(client, file, statements, context, {
          record: (durationMs) => recordApplied(client, file, durationMs),
        });
      case 'concurrently':
        return applyConcurrently(client, file, statements, context);
      case 'backfill':
        return applyBackfill(client, file, statements, context);
    }
  });
}

/** Runs a file again while it meets locks. */
export async function retried(
  client: Client,
  file: string,
  context: ApplyContext,
  work: () => Promise<number>,
): Promise<number> {
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
