import { join } from 'node:path';
import { Client, type ClientConfig } from 'pg';
import { inTransaction } from '#platform/postgres/transaction.ts';
import { type Book, planSteps, readBook, type Step } from '../book/book.ts';
import type { Migration } from '../book/migration-files.ts';
import { MigrationError } from '../migration-error.ts';
import type { BackfillProgress } from './apply-backfill.ts';
import { applyFunctions } from './apply-functions.ts';
import { applyMigration } from './apply-migration.ts';
import { applyRoles } from './apply-roles.ts';
import { applyWatch } from './apply-watch.ts';
import { forgetRemoved, readApplied } from './function-journal.ts';
import { createJournal, pendingMigrations, readJournal } from './journal.ts';
import type { LockPolicy } from './session.ts';
import { takeTurn } from './turn.ts';

/** Which database and which files. */
export type MigrationSource = ({ connectionString: string } | { client: ClientConfig }) & {
  /** The folder of `NNNNNN_name.sql` files. The folder `functions` beside it holds the functions. */
  readonly directory: string;
};

export type MigrateOptions = MigrationSource &
  Partial<LockPolicy> & {
    /** The cluster's roles, run before the migrations. Default: `roles.sql` beside the migrations directory. */
    readonly rolesFile?: string;
    /** Stop after this migration: its number or its name. Function files that need a later one wait. Default: the last file. */
    readonly until?: string | number;
    /** Only report what would run; nothing is written. */
    readonly dryRun?: boolean;
    /** How many rows a backfill fills in one transaction. Default: 10,000. */
    readonly backfillBatch?: number;
    /** How long to wait for another runner of the same database. Default: 60,000. */
    readonly turnWaitMs?: number;
    /**
     * Awaited before a migration marked `--! contract` is applied to a database that had migrations before; what it throws
     * stops the run before that file. A dry run asks as well, and reports what is refused.
     */
    readonly beforeContract?: (
      file: Migration,
      client: Client,
      run: { readonly dryRun: boolean },
    ) => Promise<void>;
    /** Awaited before the run goes on. */
    readonly onProgress?: (event: MigrationEvent) => void | Promise<void>;
    /** Stops the run after the file at work. */
    readonly signal?: AbortSignal;
  };

export type MigrationEvent =
  | { readonly kind: 'waiting'; readonly holder: string }
  /** Migrations and function files by name, in the order in which they run. */
  | { readonly kind: 'planned'; readonly pending: readonly string[] }
  | { readonly kind: 'applying'; readonly name: string }
  | { readonly kind: 'retrying'; readonly name: string; readonly attempt: number; readonly reason: string }
  /** A batch of a backfill was filled. */
  | ({ readonly kind: 'filling'; readonly name: string } & BackfillProgress)
  | { readonly kind: 'applied'; readonly name: string; readonly durationMs: number };

export interface MigrationReport {
  readonly dryRun: boolean;
  /** How many migrations the database had before. */
  readonly before: number;
  /** The migrations that this run applied, in order. */
  readonly applied: readonly {
    readonly number: number;
    readonly name: string;
    readonly durationMs: number;
  }[];
  /** The migrations that the book has beyond that: a dry run's plan, or what `until` left out. */
  readonly pending: readonly { readonly number: number; readonly name: string }[];
  /** The same of the function files, `schema/family`. */
  readonly functions: {
    readonly applied: readonly { readonly name: string; readonly durationMs: number }[];
    readonly pending: readonly string[];
  };
  /** Of a dry run's plan: what would stop the run before it, and why. */
  readonly refused: readonly {
    readonly name: string;
    readonly message: string;
    readonly remedy: string | undefined;
  }[];
}

/**
 * Brings a database to the last migration of a directory, or to `until`, and its functions to those of the book. Safe to run
 * again, to run twice at once, and to kill at any moment: each file and its journal row are committed together.
 * @throws MigrationError when files and history disagree, a statement fails, or a lock or turn is not to be had
 */
export async function migrate(options: MigrateOptions): Promise<MigrationReport> {
  const book = await readBook(options.directory);
  const until = lastWanted(book.migrations, options.until);
  return await withClient(options, async (client) => {
    if (options.dryRun) return await plan(client, book, until, options);
    await takeTurnOf(client, options);
    // Before anything is written: what is refused must not leave the roles of another release behind.
    const before = await readJournal(client);
    pendingMigrations(before, book.migrations);
    const applied = await readApplied(client, book, before);
    await prepare(client, options);
    // A database that is made from nothing has nothing yet to go back to.
    const beforeContract = before.length === 0 ? undefined : options.beforeContract;
    const done = await runSteps(client, planSteps(book, applied, until), { ...options, beforeContract });
    await applyWatch(client, join(options.directory, '..', 'watch.sql'));
    const left = await readApplied(client, book, await readJournal(client));
    const waiting = book.functions.filter(({ name, sha256 }) => left.functions.get(name) !== sha256);
    if (left.migrations === book.migrations.length) await forgetRemoved(client, book);
    return {
      dryRun: false,
      before: before.length,
      applied: done.migrations,
      pending: brief(book.migrations.slice(left.migrations)),
      functions: { applied: done.functions, pending: waiting.map(({ name }) => name) },
      refused: [],
    };
  });
}

async function plan(
  client: Client,
  book: Book,
  until: number,
  options: MigrateOptions,
): Promise<MigrationReport> {
  const journal = await readJournal(client);
  pendingMigrations(journal, book.migrations);
  const steps = planSteps(book, await readApplied(client, book, journal), until);
  const planned = steps.flatMap((step) => (step.kind === 'migration' ? [step.file] : []));
  return {
    dryRun: true,
    before: journal.length,
    applied: [],
    pending: brief(planned),
    functions: {
      applied: [],
      pending: steps.flatMap((step) => (step.kind === 'functions' ? [step.file.name] : [])),
    },
    refused: journal.length === 0 ? [] : await refusedOf(client, planned, options),
  };
}

async function withClient<Result>(
  source: MigrationSource,
  work: (client: Client) => Promise<Result>,
): Promise<Result> {
  const config = 'client' in source ? source.client : { connectionString: source.connectionString };
  const client = new Client({ application_name: 'stockade-migrate', keepAlive: true, ...config });
  // A connection that breaks between two queries would otherwise end the process; the next query reports it.
  client.on('error', () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function refusedOf(client: Client, files: readonly Migration[], { beforeContract }: MigrateOptions) {
  const refused: { name: string; message: string; remedy: string | undefined }[] = [];
  for (const file of files) {
    if (!file.isContract) continue;
    try {
      await beforeContract?.(file, client, { dryRun: true });
    } catch (error) {
      if (!(error instanceof MigrationError)) throw error;
      refused.push({ name: file.name, message: error.message, remedy: error.remedy });
    }
  }
  return refused;
}

async function takeTurnOf(client: Client, options: MigrateOptions): Promise<void> {
  const report = options.onProgress ?? (() => {});
  const onWait = (holder: string) => report({ kind: 'waiting', holder });
  await takeTurn(client, options.turnWaitMs ?? 60_000, onWait, options.signal);
}

async function prepare(client: Client, options: MigrateOptions): Promise<void> {
  await applyRoles(client, options.rolesFile ?? join(options.directory, '..', 'roles.sql'), options.signal);
  await inTransaction(client, () => createJournal(client));
}

async function runSteps(client: Client, steps: readonly Step[], options: MigrateOptions) {
  const report = options.onProgress ?? (() => {});
  const migrations: { number: number; name: string; durationMs: number }[] = [];
  const functions: { name: string; durationMs: number }[] = [];
  await report({ kind: 'planned', pending: steps.map(({ file: { name } }) => name) });
  for (const step of steps) {
    options.signal?.throwIfAborted();
    const { name } = step.file;
    const context = {
      lockTimeoutMs: options.lockTimeoutMs ?? 200,
      lockAttempts: options.lockAttempts ?? 60,
      backfillBatch: options.backfillBatch ?? 10_000,
      signal: options.signal,
      onRetry: (attempt: number, error: Error) =>
        report({ kind: 'retrying', name, attempt, reason: error.message }),
      onBatch: (progress: BackfillProgress) => report({ kind: 'filling', name, ...progress }),
    };
    if (step.kind === 'functions') {
      await report({ kind: 'applying', name });
      const durationMs = await applyFunctions(client, step.file, context);
      await report({ kind: 'applied', name, durationMs });
      functions.push({ name, durationMs });
      continue;
    }
    if (step.file.isContract) await options.beforeContract?.(step.file, client, { dryRun: false });
    await report({ kind: 'applying', name });
    const durationMs = await applyMigration(client, step.file, context);
    await report({ kind: 'applied', name, durationMs });
    migrations.push({ number: step.file.number, name, durationMs });
  }
  return { migrations, functions };
}

function lastWanted(files: readonly Migration[], until: string | number | undefined): number {
  if (until === undefined) return files.length;
  const wanted = String(until).replace(/\.sql$/, '');
  const found = files.find(
    ({ number, name }) => name === wanted || (/^\d+$/.test(wanted) && number === Number(wanted)),
  );
  if (found) return found.number;
  throw new MigrationError(
    `there is no migration ${until}`,
    `Name one of 1 to ${files.length}, or a file: ${files.map(({ name }) => name).join(', ') || 'the directory is empty'}.`,
  );
}

function brief(files: readonly Migration[]): { number: number; name: string }[] {
  return files.map(({ number, name }) => ({ number, name }));
}
