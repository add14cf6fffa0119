import { join } from 'node:path';
import type pg from 'pg';
import { counted } from '#platform/text/plural.ts';
import { inBatches, readLines } from './lines.ts';
import { fileOf, type Manifest } from './manifest.ts';
import { PortabilityError } from './portability-error.ts';
import { answerOf } from './transaction.ts';

/**
 * The limits of one call. The whole import is one transaction, and every call creates a new row version of each balance it
 * moves: few large calls are much faster than many small ones.
 */
const batchLimits = { lines: 50_000, bytes: 8 * 1024 * 1024 };

/** The users of the export in this database. */
export interface ImportedUsers {
  readonly found: number;
  readonly created: number;
  /** Maps the id of each user in the export to the id in this database. */
  readonly users: Readonly<Record<string, string>>;
}

/** Creates the organization, and enters it for the rest of the transaction. */
export async function importOrganizationRow(
  admin: pg.ClientBase,
  folder: string,
  slug: string | undefined,
): Promise<void> {
  const [line] = await allLines(folder, 'tenancy.organizations');
  await answerOf(admin, 'tenancy.begin_import($1, $2)', [line, slug ?? null]);
}

/** Finds the users by their email addresses, and creates the missing ones. */
export async function importUsers(admin: pg.ClientBase, folder: string): Promise<ImportedUsers> {
  const lines = await allLines(folder, 'tenancy.users');
  const created = await answerOf<Omit<ImportedUsers, 'found'>>(admin, 'tenancy.import_users($1)', [lines]);
  return { found: lines.length, ...created };
}

/**
 * Writes the rows of a table.
 * @throws PortabilityError when a row refers to a row of the same table that is not in the export
 */
export async function importTable(
  admin: pg.ClientBase,
  folder: string,
  name: string,
  users: ImportedUsers['users'],
  onRows: (rows: number) => void,
): Promise<void> {
  // Rows that refer to other rows of their table wait until those exist.
  let waiting: string[] = [];
  let rows = 0;

  async function write(lines: string[]): Promise<void> {
    const waitingNumbers = await answerOf<number[]>(admin, 'tenancy.import_rows($1, $2, $3)', [
      name,
      lines,
      users,
    ]);
    const numbers = new Set(waitingNumbers);
    waiting = lines.filter((_, index) => numbers.has(index + 1));
  }

  for await (const batch of inBatches(readLines(join(folder, fileOf({ name }))), batchLimits)) {
    await write([...waiting, ...batch]);
    rows += batch.length;
    onRows(rows);
  }
  while (waiting.length > 0) {
    const before = waiting.length;
    await write(waiting);
    if (waiting.length === before) {
      throw new PortabilityError(
        `${fileOf({ name })} has ${counted(before, 'row')} with references to missing rows, such as ${waiting[0]?.slice(0, 200)}`,
        'Export the organization again.',
      );
    }
  }
}

/**
 * Asks the database for the digests of the imported rows, with the slug and the user ids of the export, and compares them.
 * @throws PortabilityError naming the tables that differ from the export
 */
export async function proveImport(
  admin: pg.ClientBase,
  manifest: Manifest,
  users: ImportedUsers,
): Promise<void> {
  const arrived = await answerOf<Record<string, { rows: number; digest: string }>>(
    admin,
    'tenancy.finish_import($1, $2)',
    [manifest.organization.slug, users.users],
  );
  // Users who already existed here keep the names they have here.
  const names = users.created === users.found ? [] : ['tenancy.users'];
  const wrong = manifest.tables.filter(
    ({ name, digest }) => !names.includes(name) && arrived[name]?.digest !== digest,
  );
  if (wrong.length === 0) return;
  const list = wrong.map(
    ({ name, rows: sent }) =>
      `${name} (${counted(sent, 'row')} exported, ${arrived[name]?.rows ?? 0} imported)`,
  );
  throw new PortabilityError(
    `the imported rows differ from the export, and nothing was kept: ${list.join(', ')}`,
    'A trigger or a default of this database changed rows, or somebody changed the files during the import.',
  );
}

async function allLines(folder: string, name: string): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of readLines(join(folder, fileOf({ name })))) lines.push(line.toString());
  return lines;
}
