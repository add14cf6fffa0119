import type pg from 'pg';
import { importOrganizationRow, importTable, importUsers, proveImport } from './import-steps.ts';
import { type Manifest, schemaName } from './manifest.ts';
import { PortabilityError } from './portability-error.ts';
import { answerOf, inLongTransaction } from './transaction.ts';
import { verifyExport } from './verify.ts';

export interface ImportOptions {
  /** The folder of the export. */
  readonly from: string;
  /** The slug in this database. The default is the slug in the export. */
  readonly slug?: string | undefined;
  /** Does the whole import and rolls back. It returns the same result and takes the same time. */
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Called at the start of a phase and during it, with the number of rows so far, and of all rows. */
  readonly onProgress?: (phase: ImportPhase, rows: number, total: number) => void;
}

export type ImportPhase = 'verifying' | 'importing' | 'proving';

export interface ImportReport {
  readonly manifest: Manifest;
  /** The slug in this database. */
  readonly slug: string;
  readonly usersCreated: number;
  /** Users with another id in this database, because they already existed or because their id is taken: id in the export, id here. */
  readonly usersRenamed: Readonly<Record<string, string>>;
}

/**
 * Imports an organization into a database that does not have it: all of it or nothing, through every constraint, trigger
 * and policy. Balances are computed from the movements. Before the commit, the database computes the digests of the
 * imported rows, and they are compared with the manifest. `admin` is a connection as stockade_admin.
 * @throws PortabilityError when the export is incomplete, has another schema, or the imported rows differ from it
 * @throws SK504 when the organization, or another one with its slug, already exists
 */
export async function importOrganization(
  admin: pg.ClientBase,
  { from, slug, dryRun, signal, onProgress = () => {} }: ImportOptions,
): Promise<ImportReport> {
  const manifest = await verifyExport(from, {
    signal,
    onProgress: (rows, total) => onProgress('verifying', rows, total),
  });
  return await inLongTransaction(admin, { ending: dryRun ? 'rollback' : 'commit' }, () =>
    writeImport(admin, manifest, { from, slug, signal, onProgress }),
  );
}

/**
 * Writes a verified export within the caller's transaction, which has entered no organization, and proves the result.
 * The transaction has then entered the imported organization.
 * @throws PortabilityError when the export has another schema, or the imported rows differ from it
 * @throws SK504 when the organization, or another one with its slug, already exists
 */
export async function writeImport(
  admin: pg.ClientBase,
  manifest: Manifest,
  { from, slug, signal, onProgress = () => {} }: Omit<ImportOptions, 'dryRun'>,
): Promise<ImportReport> {
  const schema = await answerOf<Schema>(admin, 'tenancy.portable_schema()');
  checkSchema(manifest, schema);
  await importOrganizationRow(admin, from, slug);
  const users = await importUsers(admin, from);
  const sizes = new Map(manifest.tables.map((table) => [table.name, table.rows]));
  const total = schema.steps.reduce((sum, name) => sum + (sizes.get(name) ?? 0), 0);
  let before = 0;
  for (const name of schema.steps) {
    await importTable(admin, from, name, users.users, (done) => {
      signal?.throwIfAborted();
      onProgress('importing', before + done, total);
    });
    before += sizes.get(name) ?? 0;
  }
  onProgress('proving', 0, total);
  await proveImport(admin, manifest, users);
  return {
    manifest,
    slug: slug ?? manifest.organization.slug,
    usersCreated: users.created,
    usersRenamed: Object.fromEntries(Object.entries(users.users).filter(([there, here]) => there !== here)),
  };
}

interface Schema {
  readonly migration: string;
  readonly book: string;
  readonly tables: readonly { readonly name: string; readonly columns: readonly string[] }[];
  /** Tables in the order of the import. A table may appear twice. */
  readonly steps: readonly string[];
}

function checkSchema(manifest: Manifest, schema: Schema): void {
  if (manifest.schema.book !== schema.book) {
    throw new PortabilityError(
      `the export has the schema ${schemaName(manifest.schema)}, but this database has ${schemaName(schema)}`,
      'Bring both databases to the same schema with npm run migrate:all, and export again.',
    );
  }
  const [theirs, ours] = [manifest.tables, schema.tables].map((tables) =>
    tables.map(({ name, columns }) => `${name} (${columns.join(', ')})`),
  ) as [string[], string[]];
  const unknown = theirs.find((table) => !ours.includes(table));
  const missing = ours.find((table) => !theirs.includes(table));
  if (unknown || missing) {
    throw new PortabilityError(
      unknown
        ? `the export has the table ${unknown}, which this database does not have in the same form`
        : `the export lacks the table ${missing}`,
      'Export from a database of the same schema.',
    );
  }
}
