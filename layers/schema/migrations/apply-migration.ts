import type { Client } from 'pg';
import type { Migration } from '../book/migration-files.ts';
import { MigrationError } from '../migration-error.ts';
import { splitStatements } from '../script/sql-statements.ts';
import { applyConcurrently } from './apply-concurrently.ts';
import { interruptAutovacuum } from './autovacuum.ts';
import {
  applyBackfill,
  type BackfillOptions,
  type BackfillPolicy,
  type Filled,
} from './backfill/apply-backfill.ts';
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
export interface BackfillContext extends ApplyContext, BackfillPolicy, BackfillOptions {}

/** What applying a migration took. */
export interface MigrationApplied {
  /** How long the successful attempt took, in milliseconds. */
  readonly durationMs: number;
  /** Of a backfill. */
  readonly filled?: Filled;
}

/**
 * Applies one migration and writes its journal row. One in a transaction is applied with its row or not at all; one that is
 * not is carried on where an earlier run has left it.
 * @throws MigrationError naming file, line, column and SQLSTATE
 */
export async function applyMigration(
  client: Client,
  file: Migration,
  context: BackfillContext,
): Promise<MigrationApplied> {
  const statements = splitStatements(file.content);
  if (statements.length === 0) {
    throw new MigrationError(`${file.file} holds no statement`, 'Write the migration, or remove the file.');
  }
  return await retried(client, file.file, context, async () => {
    switch (file.way) {
      case 'transaction': {
        const record = (durationMs: number) => recordApplied(client, file, durationMs);
        return { durationMs: await runAtOnce(client, file, statements, context, { record }) };
      }
      case 'concurrently':
        return { durationMs: await applyConcurrently(client, file, statements, context) };
      case 'backfill': {
        const filled = await applyBackfill(client, file, statements, context);
        return { durationMs: filled.durationMs, filled };
      }
    }
  });
}

/** Runs a file again while it meets locks. */
export async function retried<Result>(
  client: Client,
  file: string,
  context: ApplyContext,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await retry(
      { attempts: context.lockAttempts, maxPauseMs: 2_000, signal: context.signal },
      isLockConflict,
      async (attempt, error) => {
        await context.onRetry(attempt, error as Error);
        await interruptAutovacuum(client);
      },
      work,
    );
  } catch (error) {
    if (isLockConflict(error)) throw await lockedOut(client, file, context, error);
    throw error;
  }
}
