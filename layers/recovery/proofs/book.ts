import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Book, readBook } from '#schema/book/book.ts';
import { type IsolationRule, readIsolationRules } from '#schema/lint/isolation-rules.ts';

/** What the proofs compare a copy with: the database as this release defines it. */
export interface ProofBook extends Book {
  /** The folder of the migrations. */
  readonly migrationsDirectory: string;
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
  const [book, rules, schema, relations] = await Promise.all([
    readBook(migrationsDirectory),
    readIsolationRules(join(directory, 'lint')),
    readFile(join(directory, 'schema.sql'), 'utf8'),
    readFile(join(directory, 'proofs/relations.sql'), 'utf8'),
  ]);
  return { ...book, migrationsDirectory, rules, schema: schema.replaceAll('\r\n', '\n'), relations };
}
