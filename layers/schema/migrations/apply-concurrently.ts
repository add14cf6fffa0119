import type { Client } from 'pg';
import type { Migration } from '../book/migration-files.ts';
import { MigrationError } from '../migration-error.ts';
import { type Statement, words } from '../script/sql-statements.ts';
import { type ConcurrentIndex, parseConcurrentIndex } from './concurrent-index.ts';
import { type LockPolicy, resetSession, runStatement } from './session.ts';
import { forgetStarted, noteStarted, readStarted, recordFinished, type Started } from './started.ts';

/**
 * Applies a `--! concurrently` file: statements outside a transaction, each of a kind that can be run again after a crash.
 *
 * The journal counts the statements that are done, so that a run which dies between two of them is carried on after the last
 * one. Before a statement runs it is written down as begun: if the runner dies between the statement and its count, the next
 * run takes the finished index for what it is, its own.
 */
export async function applyConcurrently(
  client: Client,
  file: Migration,
  statements: readonly Statement[],
  policy: LockPolicy,
): Promise<number> {
  refuseUnrepeatable(file, statements);
  const startedMs = performance.now();
  await resetSession(client);
  await client.query(`set role stockade_owner; set search_path = public`);
  let started = await readStarted(client, file);
  for (const [index, statement] of statements.entries()) {
    if (index < started.statementsDone) continue;
    await applyStatement(client, file, statement, started, policy);
    started = { ...started, statementsDone: index + 1 };
    await noteStarted(client, file, started);
  }
  const durationMs = performance.now() - startedMs;
  await recordFinished(client, file, durationMs);
  await resetSession(client);
  return durationMs;
}

async function applyStatement(
  client: Client,
  file: Migration,
  statement: Statement,
  started: Started,
  { lockTimeoutMs }: LockPolicy,
): Promise<void> {
  const index = parseConcurrentIndex(statement);
  // A concurrent build that times out on a lock leaves an invalid index behind; it blocks nobody while it waits.
  await client.query(`set lock_timeout = ${isConcurrent(statement) ? 0 : lockTimeoutMs}`);
  const left = index ? await indexState(client, index) : 'absent';
  if (left === 'invalid' && index) await dropIndex(client, index);
  const isOwnFinishedWork = left === 'valid' && started.statementBegun === started.statementsDone + 1;
  if (isOwnFinishedWork) return;
  await noteStarted(client, file, { ...started, statementBegun: started.statementsDone + 1 });
  await runStatement(client, file, statement, keptRemedy).catch(async (error) => {
    await cleanUp(client, file, started, index);
    throw error;
  });
}

const keptRemedy =
  'The statements before this one are kept. Correct the file and run again: a changed file begins with its first statement, so drop the indexes that it has built.';

/** After a crash nobody could know whether a statement that cannot be repeated was done. */
function refuseUnrepeatable(file: Migration, statements: readonly Statement[]): void {
  const refused = statements.find((each) => !parseConcurrentIndex(each) && !isRepeatable(each));
  if (!refused) return;
  throw new MigrationError(
    `${file.file}: "${words(refused.tokens, 4).join(' ')} …" may not run outside a transaction, because it cannot be run again after a crash`,
    'Allowed are: create index concurrently name on schema.table, drop index concurrently if exists, vacuum, analyze.',
  );
}

function isRepeatable(statement: Statement): boolean {
  const start = words(statement.tokens, 5).join(' ');
  return start === 'drop index concurrently if exists' || /^(vacuum|analyze)\b/.test(start);
}

function isConcurrent(statement: Statement): boolean {
  return words(statement.tokens, 4).includes('concurrently');
}

async function cleanUp(
  client: Client,
  file: Migration,
  started: Started,
  index: ConcurrentIndex | undefined,
): Promise<void> {
  if (index && (await indexState(client, index)) === 'invalid') await dropIndex(client, index);
  if (started.statementsDone === 0) await forgetStarted(client, file);
  else await noteStarted(client, file, { ...started, statementBegun: started.statementsDone });
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
