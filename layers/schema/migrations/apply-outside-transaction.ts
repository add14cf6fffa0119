import type { Client } from 'pg';
import { type ConcurrentIndex, parseConcurrentIndex } from './concurrent-index.ts';
import { MigrationError } from './migration-error.ts';
import type { Migration } from './migration-files.ts';
import { type LockPolicy, recordApplied, resetSession, runStatement } from './session.ts';
import { type Statement, words } from './sql-statements.ts';

/**
 * Applies a `--! no-transaction` file: one statement, of a kind that can be run again after a crash.
 *
 * A row in `stockade_migrations.started` is committed first. If the runner dies between the statement and its
 * journal row, the next run finds that row, and takes the finished index for what it is: its own.
 */
export async function applyOutsideTransaction(
  client: Client,
  file: Migration,
  statements: readonly Statement[],
  { lockTimeoutMs }: LockPolicy,
): Promise<number> {
  const { statement, index } = theOneStatement(file, statements);
  const startedMs = performance.now();
  await resetSession(client);
  // A concurrent build that times out on a lock leaves an invalid index behind; it blocks nobody while it waits.
  const lockTimeout = isConcurrent(statement) ? 0 : lockTimeoutMs;
  await client.query(`set role stockade_owner; set search_path = public; set lock_timeout = ${lockTimeout}`);
  const left = index ? await indexState(client, index) : 'absent';
  if (left === 'invalid' && index) await dropIndex(client, index);
  const isOwnFinishedWork = left === 'valid' && (await wasStarted(client, file));
  if (!isOwnFinishedWork) {
    await noteStart(client, file);
    await runStatement(client, file, statement).catch(async (error) => {
      if (left !== 'valid') await cleanUp(client, file, index);
      throw error;
    });
  }
  const durationMs = performance.now() - startedMs;
  await client.query('begin');
  await client.query('delete from stockade_migrations.started where number = $1', [file.number]);
  await recordApplied(client, file, durationMs);
  await client.query('commit');
  await resetSession(client);
  return durationMs;
}

function theOneStatement(file: Migration, statements: readonly Statement[]) {
  const [statement, second] = statements;
  if (!statement || second) {
    throw new MigrationError(
      `${file.file} runs outside a transaction and has ${statements.length} statements`,
      'Give each statement its own file: only a single statement can be told done or not done after a crash.',
    );
  }
  const index = parseConcurrentIndex(statement);
  if (!index && !isRepeatable(statement)) {
    throw new MigrationError(
      `${file.file}: "${words(statement.tokens, 4).join(' ')} …" may not run outside a transaction, because it cannot be run again after a crash`,
      'Allowed are: create index concurrently name on schema.table, drop index concurrently if exists, vacuum, analyze.',
    );
  }
  return { statement, index };
}

function isRepeatable(statement: Statement): boolean {
  const start = words(statement.tokens, 5).join(' ');
  return start === 'drop index concurrently if exists' || /^(vacuum|analyze)\b/.test(start);
}

function isConcurrent(statement: Statement): boolean {
  return words(statement.tokens, 4).includes('concurrently');
}

async function noteStart(client: Client, file: Migration): Promise<void> {
  await client.query(
    `insert into stockade_migrations.started (number, sha256) values ($1, $2)
     on conflict (number) do update set sha256 = excluded.sha256, started_at = excluded.started_at`,
    [file.number, file.sha256],
  );
}

async function wasStarted(client: Client, file: Migration): Promise<boolean> {
  const { rows } = await client.query(
    'select from stockade_migrations.started where number = $1 and sha256 = $2',
    [file.number, file.sha256],
  );
  return rows.length > 0;
}

async function cleanUp(client: Client, file: Migration, index: ConcurrentIndex | undefined): Promise<void> {
  if (index && (await indexState(client, index)) === 'invalid') await dropIndex(client, index);
  await client.query('delete from stockade_migrations.started where number = $1', [file.number]);
}

async function dropIndex(client: Client, { schema, name }: ConcurrentIndex): Promise<void> {
  await client.query(
    `drop index concurrently if exists ${client.escapeIdentifier(schema)}.${client.escapeIdentifier(name)}`,
  );
}

/** @throws MigrationError when another session is building this very index, which must not be dropped under it */
async function indexState(client: Client, index: ConcurrentIndex): Promise<'absent' | 'valid' | 'invalid'> {
  const { rows } = await client.query(
    `select i.indisvalid as valid, p.pid as builder
     from pg_class as c
     join pg_namespace as n on n.oid = c.relnamespace
     join pg_index as i on i.indexrelid = c.oid
     left join pg_stat_progress_create_index as p on p.index_relid = c.oid
     where n.nspname = $1 and c.relname = $2`,
    [index.schema, index.name],
  );
  const [found] = rows;
  if (!found) return 'absent';
  if (found.builder) {
    throw new MigrationError(
      `the index ${index.schema}.${index.name} is being built by pid ${found.builder}`,
      'Wait until that ends, or cancel it with pg_cancel_backend(pid), and run again.',
    );
  }
  return found.valid ? 'valid' : 'invalid';
}
