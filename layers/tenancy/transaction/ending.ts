import { isRetryable } from '#platform/postgres/sqlstate.ts';
import type { TransactionMode } from './entering.ts';
import type { Pipeline } from './pipeline.ts';

/**
 * Ends a transaction. It has failed when any statement has: also one whose failure nobody waited for, one that a savepoint
 * has healed for the server, and one that the client could not send.
 */
export async function end(pipeline: Pipeline, mode: TransactionMode): Promise<void> {
  pipeline.flush();
  const ending = mode === 'dry-run' || pipeline.hasFailed ? 'rollback' : 'commit';
  const isCommitOfWrite = ending === 'commit' && mode === 'write';
  const { command } = await (isCommitOfWrite ? pipeline.sendCommit() : pipeline.send(ending));
  await pipeline.allSucceeded();
  // A failed transaction answers COMMIT with ROLLBACK, and the client reports that as success.
  if (command.toLowerCase() !== ending)
    throw new Error(`the database answered ${ending} with ${command}: nothing was stored`);
}

/** Attempts at a transaction that loses to a deadlock or a serialization failure. */
const maxAttempts = 4;

/** Runs a transaction, and runs it again when it loses to another one. */
export async function withRetries<T>(
  transaction: () => Promise<T>,
  hasLost: (error: unknown) => boolean = isRetryable,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await transaction();
    } catch (error) {
      if (attempt >= maxAttempts || !hasLost(error)) throw error;
    }
  }
}
