import type pg from 'pg';
import { createExportFolder } from './export-folder.ts';
import { createManifest, fileOf, type Manifest, manifestFile } from './manifest.ts';
import { startDigest, type TableDigest } from './table-digest.ts';
import { answerOf, inLongTransaction } from './transaction.ts';

export interface ExportOptions {
  /** The folder to create. It must not exist. */
  readonly to: string;
  readonly signal?: AbortSignal | undefined;
  /** Called with the number of rows so far, and of all rows. */
  readonly onProgress?: (rows: number, total: number) => void;
}

interface Opening {
  readonly organization: Manifest['organization'];
  readonly takenAt: string;
  readonly schema: {
    readonly migration: string;
    readonly book: string;
    readonly tables: readonly { readonly name: string; readonly columns: string[] }[];
  };
  readonly counts: Readonly<Record<string, number>>;
}

/** The number of rows in memory. One row has at most some hundred kilobytes. */
const rowsPerFetch = 250;

/**
 * Writes everything of an organization into a folder: one JSON Lines file for each table, and a manifest. All of it is from
 * one instant. The folder gets its name when it is complete. Two exports of the same state are equal, except `takenAt`.
 * `jobs` is a connection as stockade_jobs.
 * @throws PortabilityError when the folder is not empty
 * @throws SK404 when there is no such organization
 */
export async function exportOrganization(
  jobs: pg.ClientBase,
  orgId: string,
  { to, signal, onProgress }: ExportOptions,
): Promise<Manifest> {
  const folder = await createExportFolder(to);
  try {
    const manifest = await inLongTransaction(
      jobs,
      { begin: 'begin isolation level repeatable read, read only' },
      async () => {
        await answerOf(jobs, 'tenancy.enter_as_job($1)', [orgId]);
        const { organization, takenAt, schema, counts } = await answerOf<Opening>(
          jobs,
          'tenancy.begin_export()',
        );
        const total = Object.values(counts).reduce((sum, rows) => sum + rows, 0);
        let before = 0;

        const tables = [];
        for (const { name, columns } of schema.tables) {
          const table = startTable(jobs, name, (rows) => onProgress?.(before + rows, total), signal);
          await folder.write(fileOf({ name }), table.chunks);
          const digest = table.digest();
          before += digest.rows;
          tables.push({ name, columns, ...digest });
        }
        const { migration, book } = schema;
        return createManifest({ takenAt, schema: { migration, book }, organization, tables });
      },
    );
    await folder.write(manifestFile, [Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`)]);
    await folder.finish();
    return manifest;
  } catch (error) {
    await folder.discard();
    throw error;
  }
}

function startTable(
  jobs: pg.ClientBase,
  name: string,
  onRows: (rows: number) => void,
  signal: AbortSignal | undefined,
): { readonly chunks: AsyncIterable<Buffer>; digest(): TableDigest } {
  const progress = startDigest();
  let rows = 0;

  async function* chunks(): AsyncGenerator<Buffer> {
    await answerOf(jobs, 'tenancy.open_export($1)', [name]);
    for (;;) {
      signal?.throwIfAborted();
      const fetched = await jobs.query<{ line: string }>(`fetch forward ${rowsPerFetch} from "export"`);
      const lines = fetched.rows.map(({ line }) => Buffer.from(line));
      for (const line of lines) progress.add(line);
      rows += lines.length;
      onRows(rows);
      if (lines.length > 0) yield Buffer.concat(lines.flatMap((line) => [line, lineFeed]));
      if (lines.length < rowsPerFetch) break;
    }
    await jobs.query('close "export"');
  }

  return { chunks: chunks(), digest: () => progress.finish() };
}

const lineFeed = Buffer.from('\n');
