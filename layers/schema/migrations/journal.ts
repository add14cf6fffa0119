import type { Client } from 'pg';
import { inTransaction } from '#platform/postgres/transaction.ts';
import { chainDigest, type Migration } from '../book/migration-files.ts';
import { MigrationError, NewerSchema } from '../migration-error.ts';

/** One row of the journal: a migration that this database has. */
export interface AppliedMigration {
  readonly number: number;
  readonly name: string;
  readonly sha256: string;
  readonly chain: string;
  readonly appliedAt: Date;
  readonly durationMs: number;
  readonly appliedBy: string;
}

/** One function file that this database has. */
export interface AppliedFunctions {
  /** `schema/family`. */
  readonly name: string;
  readonly sha256: string;
  /** What it has created, as `schema.name(types of the arguments)`. */
  readonly routines: readonly string[];
}

/**
 * Creates the journal when it does not exist. Runs as the connecting user, who may be allowed more than the owner.
 *
 * `started` holds a migration that is not one transaction while it is under way. After a crash it shows what was done, and
 * tells the finished work of that run apart from an object that somebody else created.
 */
export async function createJournal(client: Client): Promise<void> {
  await client.query(`
    do $$
    begin
      if not has_database_privilege('stockade_owner', current_database(), 'create') then
        execute format('grant create on database %I to stockade_owner', current_database());
      end if;
    end
    $$;
    set local role stockade_owner;
    create schema if not exists stockade_migrations;
    create table if not exists stockade_migrations.applied (
      number integer primary key check (number > 0),
      name text not null unique,
      sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
      chain text not null check (chain ~ '^[0-9a-f]{64}$'),
      applied_at timestamptz not null default clock_timestamp(),
      duration_ms integer not null,
      applied_by text not null default session_user
    );
    comment on table stockade_migrations.applied is
      'Platform data: the migrations that this database has.';
    create table if not exists stockade_migrations.functions (
      name text primary key check (name ~ '^[a-z0-9_]+(/[a-z0-9_]+){1,2}$'),
      sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
      routines text[] not null,
      applied_at timestamptz not null default clock_timestamp(),
      duration_ms integer not null,
      applied_by text not null default session_user
    );
    comment on table stockade_migrations.functions is
      'Platform data: the function files that this database has, and the functions that each has created.';
    create table if not exists stockade_migrations.started (
      number integer primary key check (number > 0),
      sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
      started_at timestamptz not null default clock_timestamp(),
      -- Of a file that runs statement by statement: how many are done, and which one was begun.
      statements_done integer not null default 0 check (statements_done >= 0),
      statement_begun integer not null default 0 check (statement_begun >= 0),
      -- Of a backfill: where the last batch ended, and how many rows were filled.
      checkpoint jsonb,
      rows_filled bigint not null default 0 check (rows_filled >= 0)
    );
    comment on table stockade_migrations.started is
      'Platform data: the migration that is not one transaction, while it is under way.';`);
}

/** The migrations this database has, oldest first; none when it has no journal yet. */
export async function readJournal(client: Client): Promise<AppliedMigration[]> {
  return await readTable<AppliedMigration>(
    client,
    'applied',
    `select number, name, sha256, chain, applied_at as "appliedAt", duration_ms as "durationMs", applied_by as "appliedBy"
     from stockade_migrations.applied order by number`,
  );
}

/** The function files this database has, by name; none when it has no journal yet. */
export async function readFunctionJournal(client: Client): Promise<AppliedFunctions[]> {
  return await readTable<AppliedFunctions>(
    client,
    'functions',
    'select name, sha256, routines from stockade_migrations.functions order by name collate "C"',
  );
}

async function readTable<Row extends object>(client: Client, table: string, query: string): Promise<Row[]> {
  // By name, not by to_regclass(): that needs the use of the schema, which only its owner has.
  const { rows } = await client.query(
    `select exists (
       select from pg_class c
       join pg_namespace n on n.oid = c.relnamespace
       where n.nspname = 'stockade_migrations' and c.relname = $1
     ) as exists`,
    [table],
  );
  if (!rows[0].exists) return [];
  return await inTransaction(client, async () => (await client.query<Row>(query)).rows, {
    begin: 'begin read only; set local role stockade_owner',
  });
}

/**
 * Compares the journal with the directory and returns what is still to be applied.
 * @throws MigrationError when history and files disagree: changed, renamed, reordered, removed, or a newer database
 */
export function pendingMigrations(
  applied: readonly AppliedMigration[],
  files: readonly Migration[],
): Migration[] {
  let chain = '';
  for (const [index, row] of applied.entries()) {
    chain = chainDigest(chain, row.sha256);
    if (row.number !== index + 1 || row.chain !== chain) throw alteredJournal(row);
    const file = files[index];
    if (!file) throw unknownToDirectory(row, files);
    if (file.sha256 !== row.sha256 || file.name !== row.name) throw disagreement(row, file, files);
  }
  return files.slice(applied.length);
}

function alteredJournal(row: AppliedMigration): MigrationError {
  return new MigrationError(
    `stockade_migrations.applied was altered at ${row.name}: its chain digest ${short(row.chain)} does not follow from the rows before it`,
    'Compare the rows with a backup and restore them; never edit this table by hand.',
  );
}

function unknownToDirectory(row: AppliedMigration, files: readonly Migration[]): NewerSchema {
  return new NewerSchema(
    `this database has ${row.name} (${short(row.sha256)}), which this release does not know: its last migration is ${files.at(-1)?.name ?? 'none'}`,
    'The database was migrated by a newer release: run that release, or restore the file if it was removed by mistake.',
  );
}

function disagreement(row: AppliedMigration, file: Migration, files: readonly Migration[]): MigrationError {
  const moved = files.find((other) => other.sha256 === row.sha256);
  if (moved === file) {
    return new MigrationError(
      `${row.name}.sql (${short(row.sha256)}) was applied under that name, but is now named ${file.file} (${short(file.sha256)})`,
      `Rename it back to ${row.name}.sql.`,
    );
  }
  if (moved) {
    return new MigrationError(
      `${row.name} (${short(row.sha256)}) was applied as number ${row.number}, but that is now ${file.file} (${short(file.sha256)}) and it stands at ${moved.file}`,
      'Put the applied files back into the order in which they were applied; new migrations go to the end.',
    );
  }
  return new MigrationError(
    `${file.file} was changed after it was applied: applied ${short(row.sha256)}, the file is ${short(file.sha256)}`,
    `Restore the file as it was (git log -p ${file.file}) and put the change into a new migration.`,
  );
}

function short(digest: string): string {
  return digest.slice(0, 12);
}
