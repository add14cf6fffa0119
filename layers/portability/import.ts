import type pg from 'pg';
import { importOrganizationRow, importTable, importUsers, proveImport } from './import-steps.ts';
import type { Manifest } from './manifest.ts';
import { PortabilityError } from './portability-error.ts';
import { answerOf, inLongTransaction } from './transaction.ts';
import { verifyExport } from './verify.ts';

export interface ImportOptions {
  /** The folder of the export. */
  readonly from: string;
  /** The slug it gets here; by default the one it had. */
  readonly slug?: string | undefined;
  /** Does everything an import does, and undoes it: what it answers, the import would; it takes as long. */
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Called when a phase begins and as it goes on, with rows so far, of how many. */
  readonly onProgress?: (phase: ImportPhase, rows: number, total: number) => void;
}

export type ImportPhase = 'verifying' | 'importing' | 'proving';

export interface ImportReport {
  readonly manifest: Manifest;
  /** The slug it has here. */
  readonly slug: string;
  readonly usersCreated: number;
  /** Users who were here before under another id, or whose id somebody else has here: id there, id here. */
  readonly usersRenamed: Readonly<Record<string, string>>;
}

/**
 * Brings an exported organization into a database that does not have it: all of it or nothing, through every constraint,
 * trigger and policy. Balances come from their movements. What has arrived is digested by the database and compared with
 * the manifest before it is committed. `admin` is a connection as stockade_admin.
 * @throws PortabilityError when the export is not whole, is of another schema, or would not arrive as it was
 * @throws SK504 when the organization, or another one of its slug, is there already
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
 * Writes a verified export within a transaction of the caller's, which has entered no organization, and proves what has
 * arrived. The transaction has then entered the organization that was imported.
 * @throws PortabilityError when the export is of another schema, or has not arrived as it was
 * @throws SK504 when the organization, or another one of its slug, is there already
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
    await importTable(admin, from, name, users.renamed, (done) => {
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
    usersRenamed: users.renamed,
  };
}

interface Schema {
  readonly migration: string;
  readonly chain: string;
  readonly tables: readonly { readonly name: string; readonly columns: readonly string[] }[];
  /** Tables in the order in which their rows are imported; one may come twice. */
  readonly steps: readonly string[];
}

function checkSchema(manifest: Manifest, schema: Schema): void {
  const { chain, migration } = manifest.schema;
  if (chain !== schema.chain) {
    throw new PortabilityError(
      `the export is of the schema ${migration} (${chain.slice(0, 12)}), and this database has ${schema.migration} (${schema.chain.slice(0, 12)})`,
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
        ? `the export has the table ${unknown}, which this database does not have like that`
        : `the export lacks the table ${missing}`,
      'Export from a database of the same schema.',
    );
  }
}
