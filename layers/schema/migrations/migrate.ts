import { join } from 'node:path';
import { Client } from 'pg';
import { connectNoted } from '#platform/postgres/connection-failures.ts';
import { inTransaction } from '#platform/postgres/transaction.ts';
import { type Applied, type Book, droppedLater, living, planSteps, readBook } from '../book/book.ts';
import type { Migration } from '../book/migration-files.ts';
import { lintIsolation } from '../lint/isolation-lint.ts';
import { MigrationError } from '../migration-error.ts';
import { applyRoles } from './apply-roles.ts';
import { applyWatch } from './apply-watch.ts';
import { forgetRemoved, readApplied, readRecorded } from './functions/function-journal.ts';
import { refuseLeftBehind } from './functions/routines.ts';
import { createJournal, pendingMigrations, readJournal } from './journal.ts';
import type { MigrateOptions, MigrationReport, MigrationSource } from './options.ts';
import { runSteps, type StepsDone, type StepsOptions } from './run-steps.ts';
import { resetSession } from './session.ts';
import { takeTurn } from './turn.ts';

export type { MigrateOptions, MigrationEvent, MigrationReport, MigrationSource } from './options.ts';

/**
 * Brings a database to the last migration of a directory, or to `target`, and its functions to those of the book. Safe to run
 * again, to run twice at once, and to kill at any moment: each file and its journal row are committed together.
 * @throws MigrationError when files and history disagree, a statement fails, or a lock or turn is not to be had
 */
export async function migrate(options: MigrateOptions): Promise<MigrationReport> {
  const book = await readBook(options.directory);
  const target = lastWanted(book.migrations, options.target);
  return await withClient(options, async (client) => {
    if (options.dryRun) return await plan(client, book, target, options);
    await takeTurnOf(client, options);
    // Before anything is written: what is refused must not leave the roles of another release behind.
    const before = await readJournal(client);
    pendingMigrations(before, book.migrations);
    const applied = await readApplied(client, book, before);
    await prepare(client, options);
    const isNew = before.length === 0;
    const { wallFrom } = options;
    const hasWall = !isNew && (wallFrom === undefined || before.some(({ name }) => name === wallFrom));
    const done = await runPlan(client, book, applied, target, {
      ...options,
      // A database that is made from nothing has nothing yet to go back to, and nobody's rows behind the wall.
      beforeContract: isNew ? undefined : options.beforeContract,
      rules: hasWall ? options.rules : [],
    });
    // The program that a contract ends needed privileges that everybody loses now.
    const contracts = new Set(book.migrations.flatMap(({ name, isContract }) => (isContract ? [name] : [])));
    if (done.migrations.some(({ name }) => contracts.has(name))) {
      await applyRoles(client, rolesFileOf(options), options.signal);
    }
    await applyWatch(client, join(options.directory, '..', 'watch.sql'));
    return { before: before.length, ...(await finish(client, book, done, options)) };
  });
}

/** Runs what is missing; and then what a migration has dropped although a function file defines it. */
async function runPlan(
  client: Client,
  book: Book,
  applied: Applied,
  target: number,
  options: Omit<StepsOptions, 'isDropped'>,
): Promise<StepsDone> {
  const done = await runSteps(client, planSteps(book, applied, target), {
    ...options,
    isDropped: droppedLater(book, applied),
  });
  if (done.opened) return done;
  const left = await readApplied(client, book, await readJournal(client));
  const dropped = planSteps(book, left, target);
  if (dropped.length === 0) return done;
  const again = await runSteps(client, dropped, { ...options, isDropped: droppedLater(book, left) });
  return {
    migrations: done.migrations,
    functions: [...done.functions, ...again.functions],
    ...(again.opened && { opened: again.opened }),
  };
}

/** What the run has come to; at the newest schema it must be the book and nothing else. */
async function finish(
  client: Client,
  book: Book,
  done: StepsDone,
  { rules = [] }: MigrateOptions,
): Promise<Omit<MigrationReport, 'before'>> {
  const left = await readApplied(client, book, await readJournal(client));
  const alive = living(book, left.migrations);
  const waiting = alive.filter(({ name, sha256 }) => left.functions.get(name) !== sha256);
  const isNewest = left.migrations === book.migrations.length && waiting.length === 0;
  if (isNewest) {
    await forgetRemoved(client, book);
    await refuseLeftBehind(client, await readRecorded(client));
  }
  return {
    dryRun: false,
    applied: done.migrations,
    pending: brief(book.migrations.slice(left.migrations)),
    functions: { applied: done.functions, pending: waiting.map(({ name }) => name) },
    refused: [],
    ...(done.opened && { opened: done.opened }),
    ...(isNewest && rules.length > 0 && { isolation: await lintIsolation(client, rules) }),
  };
}

async function plan(
  client: Client,
  book: Book,
  target: number,
  options: MigrateOptions,
): Promise<MigrationReport> {
  const journal = await readJournal(client);
  pendingMigrations(journal, book.migrations);
  const steps = planSteps(book, await readApplied(client, book, journal), target);
  await options.onPlan?.(steps, client);
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

/** Connects as the runner does, and closes the connection when the work has succeeded or failed. */
export async function withClient<Result>(
  source: MigrationSource,
  work: (client: Client) => Promise<Result>,
): Promise<Result> {
  const config = 'client' in source ? source.client : { connectionString: source.connectionString };
  const client = new Client({ application_name: 'stockade-migrate', keepAlive: true, ...config });
  await connectNoted(client);
  try {
    await resetSession(client);
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
  await applyRoles(client, rolesFileOf(options), options.signal);
  await inTransaction(client, () => createJournal(client));
}

function rolesFileOf({ rolesFile, directory }: MigrateOptions): string {
  return rolesFile ?? join(directory, '..', 'roles.sql');
}

function lastWanted(files: readonly Migration[], target: string | number | undefined): number {
  if (target === undefined) return files.length;
  const wanted = String(target).replace(/\.sql$/, '');
  const found = files.find(
    ({ number, name }) => name === wanted || (/^\d+$/.test(wanted) && number === Number(wanted)),
  );
  if (found) return found.number;
  throw new MigrationError(
    `there is no migration ${target}`,
    `Name one of 1 to ${files.length}, or a file: ${files.map(({ name }) => name).join(', ') || 'the directory is empty'}.`,
  );
}

function brief(files: readonly Migration[]): { number: number; name: string }[] {
  return files.map(({ number, name }) => ({ number, name }));
}
