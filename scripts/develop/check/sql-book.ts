import { dirname } from 'node:path';
import { type Book, readBook } from '#schema/book/book.ts';
import type { FunctionFile } from '#schema/book/function-files.ts';
import type { Migration } from '#schema/book/migration-files.ts';

/** The single-tenant inventory that people have: it is frozen, with the function in it. */
const FROZEN = 1;
const MOST_LINES = 300;
const MOST_FILES = 20;

/** What is wrong with the SQL as a book: one place for each function, and every file says what it needs. */
export async function sqlBookFaults(migrationsDirectory: string): Promise<string[]> {
  const book = await readBook(migrationsDirectory);
  return [
    ...book.migrations.filter(({ number }) => number !== FROZEN).flatMap(functionsInMigration),
    ...book.functions.flatMap(uncommented),
    ...needsFaults(book),
    ...sizeFaults(book),
  ];
}

function functionsInMigration({ file, content }: Migration): string[] {
  return [...content.matchAll(/^\s*create (?:or replace )?(?:function|procedure) ([\w.]+)/gm)].map(
    ([, name]) => `${file} defines ${name}: a function stands in sql/functions/<schema>/<family>.sql`,
  );
}

function uncommented({ file, content, routines }: FunctionFile): string[] {
  return routines
    .filter((name) => !new RegExp(`^comment on (function|procedure) ${name} is$`, 'm').test(content))
    .map((name) => `${file}: ${name} has no "comment on function ${name} is" on a line of its own`);
}

function sizeFaults({ functions }: Book): string[] {
  const folders = Object.entries(Object.groupBy(functions, ({ file }) => dirname(file)));
  return [
    ...functions
      .map(({ file, content }) => ({ file, lines: content.split('\n').length - 1 }))
      .filter(({ lines }) => lines > MOST_LINES)
      .map(({ file, lines }) => `${file} has ${lines} lines, more than ${MOST_LINES}: split the family`),
    ...folders
      .filter(([, files = []]) => files.length > MOST_FILES)
      .map(([folder, files = []]) => `${folder}/ has ${files.length} files, more than ${MOST_FILES}`),
  ];
}

/** What a file of functions names must be there before it, and it says so. */
function needsFaults({ migrations, functions }: Book): string[] {
  const definedIn = new Map(functions.flatMap(({ name, routines }) => routines.map((each) => [each, name])));
  const tables = tablesOf(migrations);
  return functions.flatMap((file) => {
    const needed = everythingNeeded(file, functions);
    const reach = Math.max(
      0,
      ...migrations.filter(({ name }) => needed.has(name)).map(({ number }) => number),
    );
    return namesIn(file.content).flatMap((name) => {
      const family = definedIn.get(name);
      if (family && family !== file.name && !needed.has(family)) {
        return [`${file.file} uses ${name} and does not say "--! needs ${family}"`];
      }
      const migration = tables.get(name);
      if (migration && migration.number > reach) {
        return [`${file.file} uses ${name} and does not say "--! needs ${migration.name}"`];
      }
      return [];
    });
  });
}

function everythingNeeded(file: FunctionFile, functions: readonly FunctionFile[]): Set<string> {
  const needed = new Set<string>();
  const add = ({ needs }: FunctionFile) => {
    for (const need of needs) {
      needed.add(need);
      const other = functions.find(({ name }) => name === need);
      if (other) add(other);
    }
  };
  add(file);
  return needed;
}

/** The migration that creates each table. A table that moved is no matter of order: plpgsql looks for it when it is called. */
function tablesOf(migrations: readonly Migration[]): Map<string, Migration> {
  const tables = new Map<string, Migration>();
  for (const migration of migrations) {
    for (const [, name = ''] of migration.content.matchAll(/^create table (\w+\.\w+)/gm)) {
      tables.set(name, migration);
    }
  }
  return tables;
}

/** What the statements name, as `schema.name`; comments name other things as well. */
function namesIn(content: string): string[] {
  const statements = content.replace(/^comment on [^;]*;/gm, '').replace(/--[^\n]*/g, '');
  return [...new Set(statements.match(/\b[a-z_]\w*\.[a-z_]\w*\b/g))];
}
