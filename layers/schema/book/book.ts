import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { MigrationError } from '../migration-error.ts';
import { type FunctionFile, readFunctionFiles } from './function-files.ts';
import { type Migration, readMigrations } from './migration-files.ts';
import { inOrderOfNeeds, reachOf } from './needs.ts';

/** Everything that makes the schema of a release: migrations, which have state, and functions, which have none. */
export interface Book {
  readonly migrations: readonly Migration[];
  /** Each after what it needs. */
  readonly functions: readonly FunctionFile[];
  /** The digest of all of it: see {@link bookDigest}. */
  readonly digest: string;
}

/**
 * Reads the book whose migrations are in a folder; its functions are in the folder `functions` beside it.
 * @throws MigrationError when a file is not as it must be, or needs what is not there, or needs itself in a circle
 */
export async function readBook(migrationsDirectory: string): Promise<Book> {
  const [migrations, files] = await Promise.all([
    readMigrations(migrationsDirectory),
    readFunctionFiles(join(migrationsDirectory, '..', 'functions')),
  ]);
  const functions = inOrderOfNeeds(migrations, files);
  return { migrations, functions, digest: bookDigest(migrations.at(-1)?.chain ?? '', functions) };
}

/**
 * SHA-256 over the chain of the migrations and the digest of every function file that stays, by name. A database has the same one when
 * it has the same migrations and function files: `tenancy.book_digest()` computes it there.
 */
export function bookDigest(
  chain: string,
  functions: readonly Pick<FunctionFile, 'name' | 'sha256' | 'until'>[],
): string {
  const lines = staying(functions)
    .map(({ name, sha256 }) => `${name} ${sha256}\n`)
    .sort();
  return createHash('sha256')
    .update([`${chain}\n`, ...lines].join(''))
    .digest('hex');
}

/** The function files that no migration drops. */
export function staying<File extends Pick<FunctionFile, 'until'>>(functions: readonly File[]): File[] {
  return functions.filter(({ until }) => until === undefined);
}

/** The function files that a database with these migrations can have: not those that one of them has dropped. */
export function living({ migrations, functions }: Book, applied: number): FunctionFile[] {
  const dropped = new Set(migrations.slice(0, applied).map(({ name }) => name));
  return functions.filter(({ until }) => until === undefined || !dropped.has(until));
}

/** One thing that a run does. */
export type Step =
  | { readonly kind: 'migration'; readonly file: Migration }
  | { readonly kind: 'functions'; readonly file: FunctionFile };

/** What a database has of a book. */
export interface Applied {
  /** How many of the migrations. */
  readonly migrations: number;
  /** The digests of the function files, by name. */
  readonly functions: ReadonlyMap<string, string>;
}

/**
 * What brings a database to the migration number `until`, in order. A function file runs as late as it can: before the
 * first migration that needs it, before the first migration that takes something away, or at the end. So it finds the new
 * columns that it was changed for, and nobody runs its old text when the old columns go. What a migration has dropped does
 * not run again.
 */
export function planSteps(book: Book, applied: Applied, until: number): Step[] {
  const { migrations, functions } = book;
  const alive = living(book, applied.migrations);
  const waiting = new Set(alive.filter(({ name, sha256 }) => applied.functions.get(name) !== sha256));
  const reach = reachOf(migrations, functions);
  const take = (isWanted: (file: FunctionFile) => boolean): Step[] => {
    const taken = functions.filter((file) => waiting.has(file) && isWanted(file));
    for (const file of taken) waiting.delete(file);
    return taken.map((file) => ({ kind: 'functions', file }));
  };
  const steps = migrations.slice(applied.migrations, until).flatMap((file): Step[] => {
    const needed = neededBy(file.needs, functions);
    return [
      ...take(({ name }) => needed.has(name) || (file.isContract && reach(name) < file.number)),
      { kind: 'migration', file },
    ];
  });
  const last = Math.max(until, applied.migrations);
  return [...steps, ...take(({ name }) => reach(name) <= last)];
}

/** The function files that these needs name, and those that they need in turn. */
function neededBy(needs: readonly string[], functions: readonly FunctionFile[]): Set<string> {
  const needed = new Set<string>();
  const add = (names: readonly string[]) => {
    for (const name of names) {
      const file = functions.find((each) => each.name === name);
      if (!file || needed.has(name)) continue;
      needed.add(name);
      add(file.needs);
    }
  };
  add(needs);
  return needed;
}

/**
 * Refuses a book that has lost a function which the database has from it: nobody would know that it is still there.
 * @param defined the functions that the database has from its function files, as `schema.name`
 */
export function refuseVanished(book: Book, applied: Applied, defined: readonly string[]): void {
  const inBook = new Set(book.functions.flatMap(({ routines }) => routines));
  const isDropped = droppedLater(book, applied);
  const vanished = defined.filter((routine) => !inBook.has(routine) && !isDropped(routine));
  if (vanished.length === 0) return;
  const next = String(book.migrations.length + 1).padStart(6, '0');
  throw new MigrationError(
    `this database has ${vanished.join(', ')}, which no function file defines any more`,
    `Restore the file, or add a migration (${next}_….sql) that drops it: drop function if exists ${vanished[0]};`,
  );
}

/** Answers whether a migration that is still to be applied drops a routine (`schema.name`). */
export function droppedLater({ migrations }: Book, applied: Applied): (routine: string) => boolean {
  const contents = migrations.slice(applied.migrations).map(({ content }) => content.toLowerCase());
  return (routine) => contents.some((content) => dropOf(routine).test(content));
}

function dropOf(routine: string): RegExp {
  return new RegExp(
    `drop\\s+(?:function|procedure|routine)\\s+(?:if\\s+exists\\s+)?[^;]*\\b${routine.replace('.', '\\.')}\\b`,
  );
}
