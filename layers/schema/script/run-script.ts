import { readFile } from 'node:fs/promises';
import type { Client } from 'pg';
import { inTransaction } from '#platform/postgres/transaction.ts';
import { locateSqlError, MigrationError } from '../migration-error.ts';
import { splitStatements } from './sql-statements.ts';

/**
 * Runs a file of SQL that is no migration, all of it or nothing, as the connecting user.
 * @throws MigrationError naming file and line when a statement fails, or when the file cannot be read
 */
export async function runScript(client: Client, file: string): Promise<void> {
  const content = await readScript(file);
  await inTransaction(client, async () => {
    for (const { text, start } of splitStatements(content)) {
      await client.query(text).catch((error: unknown) => {
        throw locateSqlError(error, { file, content, start, text });
      });
    }
  });
}

async function readScript(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new MigrationError(
      `the file ${file} cannot be read: ${(cause as Error).message}`,
      'roles.sql and watch.sql stand beside the migrations directory, in sql/.',
      { cause },
    );
  }
}
