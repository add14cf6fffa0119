import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { MigrationError } from '../migration-error.ts';
import { readDirectives } from './directives.ts';
import { refuseOtherStatements } from './function-statements.ts';
import { readSqlFile } from './migration-files.ts';

/** One file of functions: a family, run again as a whole when its digest changes. */
export interface FunctionFile {
  /** `schema/family`, or `schema/room/family`. */
  readonly name: string;
  readonly schema: string;
  /** The path below the folder of functions. */
  readonly file: string;
  readonly content: string;
  /** SHA-256 of the content, in hex. */
  readonly sha256: string;
  readonly role: string;
  readonly needs: readonly string[];
  /** The migration that drops what the file defines; undefined for a file that stays. */
  readonly until: string | undefined;
  /** The functions and procedures it defines, as `schema.name`, in order. */
  readonly routines: readonly string[];
}

/** A schema, perhaps a room of it, and the family. */
const FILE_NAME = /^([a-z][a-z0-9_]*)(?:\/[a-z][a-z0-9_]*){1,2}\.sql$/;

/**
 * Reads a folder of functions: files `schema/family.sql` or `schema/room/family.sql`, by name. A folder that does not exist has none.
 * @throws MigrationError for a name of another form, a file that cannot be run again, or a function defined twice
 */
export async function readFunctionFiles(directory: string): Promise<FunctionFile[]> {
  const files: FunctionFile[] = [];
  for (const file of await listFiles(directory)) {
    const schema = FILE_NAME.exec(file)?.[1];
    if (!schema) {
      throw new MigrationError(
        `${join(directory, file)} is not named like a family of functions`,
        'Name it <schema>/<family>.sql or <schema>/<room>/<family>.sql, in lower case words joined by _.',
      );
    }
    const { content, sha256 } = await readSqlFile(join(directory, file));
    const { role, needs, until } = readDirectives(file, content, 'functions');
    const routines = routinesOf(file, schema, content);
    refuseOtherStatements(file, content);
    files.push({ name: file.slice(0, -4), schema, file, content, sha256, role, needs, until, routines });
  }
  refuseDefinedTwice(files);
  return files;
}

async function listFiles(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch((error) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
  return entries
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .map((entry) => join(entry.parentPath, entry.name).slice(join(directory, '/').length))
    .map((file) => file.replaceAll('\\', '/'))
    .sort();
}

const DEFINITION =
  /^[ \t]*create\s+(or\s+replace\s+)?(?:function|procedure)\s+([a-z_][a-z0-9_]*)\.([a-z_][a-z0-9_]*)/gim;

function routinesOf(file: string, schema: string, content: string): string[] {
  const names = new Set<string>();
  for (const [definition, orReplace, schemaOfRoutine, name] of content.matchAll(DEFINITION)) {
    if (!orReplace) {
      throw new MigrationError(
        `${file}: "${definition.trim()}" cannot be run again`,
        'Write "create or replace": the file is run as a whole each time it changes.',
      );
    }
    if (schemaOfRoutine !== schema) {
      throw new MigrationError(
        `${file} defines ${schemaOfRoutine}.${name}, which is not in the schema ${schema}`,
        `Move it to a file in ${schemaOfRoutine}/.`,
      );
    }
    names.add(`${schema}.${name}`);
  }
  if (names.size === 0) {
    throw new MigrationError(`${file} defines no function`, 'Write one, or remove the file.');
  }
  return [...names];
}

function refuseDefinedTwice(files: readonly FunctionFile[]): void {
  const definedIn = new Map<string, string>();
  for (const { file, routines } of files) {
    for (const routine of routines) {
      const other = definedIn.get(routine);
      if (other) {
        throw new MigrationError(
          `${routine} is defined in ${other} and in ${file}`,
          'Keep one definition: each function stands in one file.',
        );
      }
      definedIn.set(routine, file);
    }
  }
}
