import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type IsolationRule, readIsolationRules } from '#schema/lint/isolation-rules.ts';
import { type Migration, readMigrations } from '#schema/migrations/migration-files.ts';

/** What the proofs compare a copy with: the database as this release defines it. */
export interface ProofBook {
  /** The folder of the migrations. */
  readonly migrationsDirectory: string;
  readonly migrations: readonly Migration[];
  /** The whole schema, as `npm run schema` writes it. */
  readonly schema: string;
  readonly rules: readonly IsolationRule[];
  /** The query that lists every relation that is stored in pages. */
  readonly relations: string;
}

/**
 * Reads the book from the folder `sql` of a release.
 * @throws when a part is missing or invalid; the error names the file
 */
export async function readProofBook(directory: string): Promise<ProofBook> {
  const migrationsDirectory = join(directory, 'migrations');
  const [migrations, rules, schema, relations] = await Promise.all([
    readMigrations(migrationsDirectory),
    readIsolationRules(join(directory, 'lint')),
    readFile(join(directory, 'schema.sql'), 'utf8'),
    readFile(join(directory, 'proofs/relations.sql'), 'utf8'),
  ]);
  return { migrationsDirectory, migrations, rules, schema: schema.replaceAll('\r\n', '\n'), relations };
}
