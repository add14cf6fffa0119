import type { Client } from 'pg';
import { inTransaction } from '#platform/postgres/transaction.ts';
import { type Applied, type Book, refuseVanished } from '../book/book.ts';
import type { FunctionFile } from '../book/function-files.ts';
import { type AppliedFunctions, type AppliedMigration, readFunctionJournal } from './journal.ts';

/**
 * What a database has of a book.
 * @throws MigrationError when it has a function that the book has lost
 */
export async function readApplied(
  client: Client,
  book: Book,
  migrations: readonly AppliedMigration[],
): Promise<Applied> {
  const journal = await readFunctionJournal(client);
  const applied = {
    migrations: migrations.length,
    functions: new Map(journal.map(({ name, sha256 }) => [name, sha256])),
  };
  refuseVanished(book, applied, await stillThere(client, journal));
  return applied;
}

/** The functions of the journal that exist, as `schema.name`. */
async function stillThere(client: Client, journal: readonly AppliedFunctions[]): Promise<string[]> {
  const { rows } = await client.query<{ routine: string }>(
    `select distinct routine
     from unnest($1::text[]) as routine
     join pg_proc p on p.proname = split_part(routine, '.', 2)
     join pg_namespace n on n.oid = p.pronamespace and n.nspname = split_part(routine, '.', 1)
     order by routine`,
    [journal.flatMap(({ routines }) => routines)],
  );
  return rows.map(({ routine }) => routine);
}

/** Writes the journal row of a function file. The caller's transaction decides whether it stays. */
export async function recordFunctions(
  client: Client,
  { name, sha256, routines }: FunctionFile,
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

/** Forgets the function files that the book no longer has; refuseVanished() has seen that nothing of them is left. */
export async function forgetRemoved(client: Client, { functions }: Book): Promise<void> {
  const names = functions.map(({ name }) => name);
  await inTransaction(
    client,
    () => client.query('delete from stockade_migrations.functions where name <> all ($1::text[])', [names]),
    { begin: 'begin; set local role stockade_owner' },
  );
}
