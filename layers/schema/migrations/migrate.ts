import { join } from 'node:path';
import { Client, type ClientConfig } from 'pg';
import { applyMigration } from './apply-migration.ts';
import { applyRoles } from './apply-roles.ts';
import { applyWatch } from './apply-watch.ts';
import { createJournal, pendingMigrations, readJournal } from './journal.ts';
import { MigrationError } from './migration-error.ts';
import { type Migration, readMigrations } from './migration-files.ts';
import type { LockPolicy } from './session.ts';
import { takeTurn } from './turn.ts';

/** Which database and which files. */
export type MigrationSource = ({ connectionString: string } | { client: ClientConfig }) & {
  /** The folder of `NNNNNN_name.sql` files. */
  readonly directory: string;
};

export type MigrateOptions = MigrationSource &
  Partial<LockPolicy> & {
    /** The cluster's roles, run before the migrations. Default: `roles.sql` beside the migrations directory. */
    readonly rolesFile?: string;
    /** Stop after this migration: its number or its name. Default: the last file. */
    readonly until?: string | number;
    /** Only report what would run; nothing is written. */
    readonly dryRun?: boolean;
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
  | { readonly kind: 'planned'; readonly pending: readonly string[] }
  | { readonly kind: 'applying'; readonly name: string }
  | { readonly kind: 'retrying'; readonly name: string; readonly attempt: number; readonly reason: string }
  | { readonly kind: 'applied'; readonly name: string; readonly durationMs: number };

export interface MigrationReport {
  readonly dryRun: boolean;
  /** How many migrations the database had before. */
  readonly before: number;
  /** What this run applied, in order. */
  readonly applied: readonly {
    readonly number: number;
    readonly name: string;
    readonly durationMs: number;
  }[];
  /** What the directory has beyond that: a dry run's plan, or what `until` left out. */
  readonly pending: readonly { readonly number: number; readonly name: string }[];
  /** Of a dry run's plan: what would stop the run before it, and why. */
  readonly refused: readonly {
    readonly name: string;
    readonly message: string;
    readonly remedy: string | undefined;
  }[];
}

/**
 * Brings a database to the last migration of a directory, or to `until`. Safe to run again, to run twice at
 * once, and to kill at any moment: each file and its journal row are committed together.
 * @throws MigrationError when files and history disagree, a statement fails, or a lock or turn is not to be had
 */
export async function migrate(options: MigrateOptions): Promise<MigrationReport> {
  const files = await readMigrations(options.directory);
  const wanted = files.slice(0, lastWanted(files, options.until));
  return await withClient(options, async (client) => {
    if (options.dryRun) {
      const applied = await readJournal(client);
      pendingMigrations(applied, files);
      const planned = wanted.slice(applied.length);
      return {
        dryRun: true,
        before: applied.length,
        applied: [],
        pending: brief(planned),
        refused: applied.length === 0 ? [] : await refusedOf(client, planned, options),
      };
    }
    await prepare(client, options);
    const before = await readJournal(client);
    pendingMigrations(before, files);
    // A database that is made from nothing has nothing yet to go back to.
    const beforeContract = before.length === 0 ? undefined : options.beforeContract;
    const applied = await applyAll(client, wanted.slice(before.length), { ...options, beforeContract });
    await applyWatch(client, join(options.directory, '..', 'watch.sql'));
    return {
      dryRun: false,
      before: before.length,
      applied,
      pending: brief(files.slice(before.length + applied.length)),
      refused: [],
    };
  });
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

async function prepare(client: Client, options: MigrateOptions): Promise<void> {
  const report = options.onProgress ?? (() => {});
  const onWait = (holder: string) => report({ kind: 'waiting', holder });
  await takeTurn(client, options.turnWaitMs ?? 60_000, onWait, options.signal);
  await applyRoles(client, options.rolesFile ?? join(options.directory, '..', 'roles.sql'), options.signal);
  await client.query('begin');
  await createJournal(client);
  await client.query('commit');
}

async function applyAll(client: Client, files: readonly Migration[], options: MigrateOptions) {
  const report = options.onProgress ?? (() => {});
  const applied: { number: number; name: string; durationMs: number }[] = [];
  await report({ kind: 'planned', pending: files.map(({ name }) => name) });
  for (const file of files) {
    options.signal?.throwIfAborted();
    const { number, name } = file;
    if (file.isContract) await options.beforeContract?.(file, client, { dryRun: false });
    await report({ kind: 'applying', name });
    const durationMs = await applyMigration(client, file, {
      lockTimeoutMs: options.lockTimeoutMs ?? 200,
      lockAttempts: options.lockAttempts ?? 60,
      signal: options.signal,
      onRetry: (attempt, error) => report({ kind: 'retrying', name, attempt, reason: error.message }),
    });
    await report({ kind: 'applied', name, durationMs });
    applied.push({ number, name, durationMs });
  }
  return applied;
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
