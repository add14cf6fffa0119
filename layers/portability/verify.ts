import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readLines } from './lines.ts';
import { type ExportedTable, fileOf, type Manifest, manifestFile, readManifest } from './manifest.ts';
import { PortabilityError } from './portability-error.ts';
import { startDigest } from './table-digest.ts';

export interface VerifyOptions {
  readonly signal?: AbortSignal;
  /** Called with the number of rows so far, and of all rows. */
  readonly onProgress?: (rows: number, total: number) => void;
}

const remedy = 'Use the unchanged export that npm run org:export wrote, or export again.';

/**
 * Reads a whole export and compares it with its manifest: the files, the counts, the digests, and that each line is a row of
 * this organization with exactly the columns of the manifest. It needs no database.
 * @throws PortabilityError naming the file, and the line, that differs from the export
 */
export async function verifyExport(
  folder: string,
  { signal, onProgress }: VerifyOptions = {},
): Promise<Manifest> {
  const manifest = await readManifest(join(folder, manifestFile));
  await checkFiles(folder, manifest);
  const total = manifest.tables.reduce((sum, { rows }) => sum + rows, 0);
  let before = 0;
  for (const table of manifest.tables) {
    await verifyTable(folder, table, manifest.organization.id, (rows) => {
      signal?.throwIfAborted();
      onProgress?.(before + rows, total);
    });
    before += table.rows;
  }
  return manifest;
}

async function checkFiles(folder: string, manifest: Manifest): Promise<void> {
  const listed = new Set(manifest.tables.map(fileOf));
  for (const file of await readdir(folder)) {
    if (!file.endsWith('.ndjson') || listed.has(file)) continue;
    throw new PortabilityError(`${join(folder, file)} is not listed in ${manifestFile}`, remedy);
  }
  for (const table of manifest.tables) {
    const path = join(folder, fileOf(table));
    const found = await stat(path).catch(() => undefined);
    if (!found?.isFile()) throw new PortabilityError(`${path} is missing`, remedy);
    if (found.size !== table.bytes) {
      throw new PortabilityError(
        `${path} has ${found.size} bytes, but had ${table.bytes} when it was exported`,
        remedy,
      );
    }
  }
}

const checkEvery = 1_000;

async function verifyTable(
  folder: string,
  table: ExportedTable,
  orgId: string,
  onRows: (rows: number) => void,
): Promise<void> {
  const path = join(folder, fileOf(table));
  const columns = JSON.stringify(table.columns);
  const progress = startDigest();
  let fault: string | undefined;
  let rows = 0;
  for await (const line of readLines(path)) {
    progress.add(line);
    rows += 1;
    if (rows % checkEvery === 0) onRows(rows);
    fault ??= rowFault(line, columns, table, orgId, rows);
  }
  onRows(rows);
  const found = progress.finish();
  if (found.sha256 !== table.sha256 || found.rows !== table.rows || found.digest !== table.digest) {
    throw new PortabilityError(
      `${path} was altered: its SHA-256 is ${found.sha256}, but was ${table.sha256} when it was exported`,
      remedy,
    );
  }
  if (fault) throw new PortabilityError(`${path}${fault}`, remedy);
}

/** The fault of a line whose digest may be right: somebody may have changed the manifest too. */
function rowFault(
  line: Buffer,
  columns: string,
  { name, columns: expected }: ExportedTable,
  orgId: string,
  number: number,
): string | undefined {
  let row: unknown;
  try {
    row = JSON.parse(line.toString());
  } catch {
    return `:${number} is not JSON`;
  }
  if (typeof row !== 'object' || row === null || JSON.stringify(Object.keys(row)) !== columns) {
    return `:${number} does not have the columns ${expected.join(', ')}`;
  }
  const { org_id: owner, id } = row as { org_id?: unknown; id?: unknown };
  const named = name === 'tenancy.organizations' ? id : name === 'tenancy.users' ? orgId : owner;
  return named === orgId ? undefined : `:${number} is a row of another organization, ${named}`;
}
