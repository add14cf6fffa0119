import type { Client } from 'pg';
import type { Migration } from '../book/migration-files.ts';
import { locateSqlError } from '../migration-error.ts';
import type { Statement } from '../script/sql-statements.ts';

/** How long a migration may make others wait, and how stubborn it is about that. */
export interface LockPolicy {
  /** The longest one statement waits for a lock: the sessions that queue after it wait no longer either. */
  readonly lockTimeoutMs: number;
  /** How often a file that met a lock is started again. */
  readonly lockAttempts: number;
}

/**
 * Brings the session back to its start: a setting or role that one file left behind must not reach the next, and what the
 * role or database sets for its clients must not reach a migration. A time limit would cut it short. A transaction that sees
 * only what there was when it began would miss what others commit while it waits for its locks.
 */
export async function resetSession(client: Client): Promise<void> {
  await client.query(
    `reset role; reset all; set statement_timeout = 0; set idle_in_transaction_session_timeout = 0;
     set default_transaction_isolation = 'read committed'; set default_transaction_read_only = off;
     set standard_conforming_strings = on; set row_security = on;
     select set_config(name, '0', false) from pg_settings where name in ('transaction_timeout', 'idle_session_timeout')`,
  );
}

/** A file whose statements are run. */
export interface SqlFile {
  readonly file: string;
  readonly content: string;
}

/** Runs one statement of a file. @throws MigrationError naming its line, column and SQLSTATE */
export async function runStatement(
  client: Client,
  file: SqlFile,
  statement: Statement,
  remedy?: string,
): Promise<void> {
  try {
    await client.query(statement.text);
  } catch (error) {
    throw locateSqlError(error, { ...statement, file: file.file, content: file.content }, remedy);
  }
}

/** Writes the journal row of a file. The caller's transaction decides whether it stays. */
export async function recordApplied(client: Client, file: Migration, durationMs: number): Promise<void> {
  await client.query(
    'insert into stockade_migrations.applied (number, name, sha256, chain, duration_ms) values ($1, $2, $3, $4, $5)',
    [file.number, file.name, file.sha256, file.chain, Math.round(durationMs)],
  );
}
