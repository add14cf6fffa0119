import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { PortabilityError } from './portability-error.ts';

/** The file of an export that describes the others. It is written last. */
export const manifestFile = 'manifest.json';

const format = 'stockade-organization';
const formatVersion = 1;

const digest = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hex digits');
const tablePattern = /^[a-z_][a-z0-9_]*\.[a-z_][a-z0-9_]*$/;
const count = z.int().min(0);

const tableSchema = z.strictObject({
  name: z.string().regex(tablePattern, 'must be schema.table'),
  columns: z.array(z.string()).min(1),
  rows: count,
  bytes: count,
  /** SHA-256 of the file, as `sha256sum` prints it. */
  sha256: digest,
  /** The digest that the database can compute from its rows: see {@link startDigest}. */
  digest,
});

const manifestSchema = z.strictObject({
  format: z.literal(format),
  formatVersion: z.literal(formatVersion),
  takenAt: z.iso.datetime(),
  schema: z.strictObject({ migration: z.string(), book: digest }),
  organization: z.strictObject({
    id: z.uuid(),
    slug: z.string(),
    name: z.string(),
    status: z.enum(['active', 'suspended']),
  }),
  tables: z.array(tableSchema),
  receipt: digest,
});

/** Describes an export: its organization, its schema, and the digests of every table. */
export type Manifest = z.infer<typeof manifestSchema>;
export type ExportedTable = z.infer<typeof tableSchema>;

/**
 * The name of the file with the rows of a table.
 * @throws PortabilityError when the name of the table cannot be a file name
 */
export function fileOf(table: { readonly name: string }): string {
  if (tablePattern.test(table.name)) return `${table.name}.ndjson`;
  throw new PortabilityError(
    `the table ${table.name} cannot be exported: its name cannot be a file name`,
    'Name schemas and tables with lower-case letters, digits and _ only.',
  );
}

/** Creates the manifest of an export. */
export function createManifest(
  parts: Pick<Manifest, 'takenAt' | 'schema' | 'organization' | 'tables'>,
): Manifest {
  return { format, formatVersion, ...parts, receipt: receiptOf(parts) };
}

/**
 * The digest of all digests: of the organization, its schema, and every row of every table. Two exports of the same state
 * have the same receipt. `tenancy.receipt()` computes it from the rows themselves.
 */
export function receiptOf({
  organization,
  schema,
  tables,
}: Pick<Manifest, 'organization' | 'schema' | 'tables'>) {
  const lines = tables
    .map(({ name, rows, digest }) => `${name} ${rows} ${digest}\n`)
    .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return createHash('sha256')
    .update(`stockade organization 1\n${organization.id}\n${schema.book}\n${lines.join('')}`)
    .digest('hex');
}

/** How a schema is named to people: by its last migration and the digest of the whole book, functions included. */
export function schemaName({ migration, book }: Manifest['schema']): string {
  return `${migration} (${book.slice(0, 12)})`;
}

/**
 * Reads a manifest.
 * @throws PortabilityError when it is missing, is not a manifest, has another format version, or was altered
 */
export async function readManifest(path: string): Promise<Manifest> {
  const content = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new PortabilityError(
      `there is no export: ${path} cannot be read (${cause.code})`,
      'An export that was interrupted has no manifest: export again.',
      { cause },
    );
  });
  const json = parseJson(content);
  const version = isObject(json) ? json.formatVersion : undefined;
  if (isObject(json) && json.format === format && version !== formatVersion) {
    throw new PortabilityError(
      `${path} has the format version ${JSON.stringify(version)}, but this release supports ${formatVersion}`,
      'Use the release that wrote the export.',
    );
  }
  const parsed = manifestSchema.safeParse(json);
  if (!parsed.success) {
    throw new PortabilityError(
      `${path} is not the manifest of an export: ${z.prettifyError(parsed.error)}`,
      'Name an unchanged manifest.json that npm run org:export wrote.',
    );
  }
  const manifest = parsed.data;
  const names = manifest.tables.map(({ name }) => name);
  if (new Set(names).size !== names.length || receiptOf(manifest) !== manifest.receipt) {
    throw new PortabilityError(
      `${path} was altered: its receipt ${manifest.receipt.slice(0, 12)}… does not match its content`,
      'Use the unchanged manifest that npm run org:export wrote.',
    );
  }
  return manifest;
}

function parseJson(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
