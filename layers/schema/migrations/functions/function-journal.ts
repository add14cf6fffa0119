import type { Client } from 'pg';
import { inTransaction } from '#platform/postgres/transaction.ts';
import { type Applied, type Book, refuseVanished, staying } from '../../book/book.ts';
import type { FunctionFile } from '../../book/function-files.ts';
import { type AppliedMigration, readFunctionJournal } from '../journal.ts';
import { nameOf, readRoutines } from './routines.ts';

/**
 * What a database has of a book. A function file of which a function is missing, because a migration or a person has dropped
 * it, does not count: it runs again.
 * @throws MigrationError when it has a function that the book has lost
 */
export async function readApplied(
  client: Client,
  book: Book,
  migrations: readonly AppliedMigration[],
): Promise<Applied> {
  const journal = await readFunctionJournal(client);
  const there = new Set((await readRoutines(client)).map(({ signature }) => signature));
  const complete = journal.filter(({ routines }) => routines.every((routine) => there.has(routine)));
  const applied = {
    migrations: migrations.length,
    functions: new Map(complete.map(({ name, sha256 }) => [name, sha256])),
  };
  const left = journal.flatMap(({ routines }) => routines).filter((routine) => there.has(routine));
  refuseVanished(book, applied, [...new Set(left.map(nameOf))].sort());
  return applied;
}

/** The signatures of what the function files of this database have created. */
export async function readRecorded(client: Client): Promise<string[]> {
  return (await readFunctionJournal(client)).flatMap(({ routines }) => routines);
}

/**
 * Writes the journal row of a function file. The caller's transaction decides whether it stays.
 * @param routines the signatures that it has created
 */
export async function recordFunctions(
  client: Client,
  { name, sha256 }: FunctionFile,
  routines: readonly string[],
  durationMs: number,
): Promise<void> {
  await client.query(
    `insert into stockade_migrations.functions (name, sha256, routines, duration_ms) values ($1, $2, $3, $4)
     on conflict (name) do update
       set sha256 = excluded.sha256,
           routines = excluded.routines,
           duration_ms = excluded.duration_ms,
           applied_at = excluded.applied_at,
           applied_by = excluded.applied_by`,
    [name, sha256, routines, Math.round(durationMs)],
  );
}

/** Forgets the function files that the book no longer has, or has only until a migration: nothing of them is left. */
export async function forgetRemoved(client: Client, { functions }: Book): Promise<void> {
  const names = staying(functions).map(({ name }) => name);
  await inTransaction(
    client,
    () => client.query('delete from stockade_migrations.functions where name <> all ($1::text[])', [names]),
    { begin: 'begin; set local role stockade_owner' },
  );
}
