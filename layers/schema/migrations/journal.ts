import type { Client } from 'pg';
import { MigrationError } from './migration-error.ts';
import { chainDigest, type Migration } from './migration-files.ts';

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

/**
 * Makes the journal when it is not there. Runs as the connecting user, who may be allowed more than the owner.
 *
 * `started` holds a migration that runs outside a transaction while it runs: after a crash it tells the
 * finished work of that run apart from an object that somebody else made.
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
    create table if not exists stockade_migrations.started (
      number integer primary key check (number > 0),
      sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
      started_at timestamptz not null default clock_timestamp()
    );`);
}

/** The migrations this database has, oldest first; none when it has no journal yet. */
export async function readJournal(client: Client): Promise<AppliedMigration[]> {
  // By name, not by to_regclass(): that needs the use of the schema, which only its owner has.
  const { rows } = await client.query(
    `select exists (
       select from pg_class c
       join pg_namespace n on n.oid = c.relnamespace
       where n.nspname = 'stockade_migrations' and c.relname = 'applied'
     ) as exists`,
  );
  if (!rows[0].exists) return [];
  await client.query('begin read only; set local role stockade_owner');
  try {
    const journal = await client.query<AppliedMigration>(
      `select number, name, sha256, chain, applied_at as "appliedAt",
         duration_ms as "durationMs", applied_by as "appliedBy"
       from stockade_migrations.applied order by number`,
    );
    return journal.rows;
  } finally {
    await client.query('rollback');
  }
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

function unknownToDirectory(row: AppliedMigration, files: readonly Migration[]): MigrationError {
  return new MigrationError(
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
