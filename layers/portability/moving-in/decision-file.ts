import { readFile } from 'node:fs/promises';
import { parse } from 'csv-parse/sync';
import { MigrationError } from '#schema/migration-error.ts';

/**
 * Reads a CSV file with a header, as text by column.
 * @throws MigrationError when the file cannot be read as that
 */
export async function readDecisionFile(path: string): Promise<Record<string, string>[]> {
  const content = await readFile(path, 'utf8').catch((cause: Error) => {
    throw new MigrationError(`the file ${path} cannot be read: ${cause.message}`, undefined, { cause });
  });
  try {
    return parse(content, { bom: true, columns: true, skip_empty_lines: true });
  } catch (cause) {
    throw new MigrationError(
      `${path} is no CSV file with a header: ${(cause as Error).message}`,
      'Write one row a line, values with commas or quotes in quotes, and the names of the columns in the first line.',
      { cause },
    );
  }
}
