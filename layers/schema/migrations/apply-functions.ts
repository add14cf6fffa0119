import type { Client } from 'pg';
import type { FunctionFile } from '../book/function-files.ts';
import { splitStatements } from '../script/sql-statements.ts';
import { type ApplyContext, retried } from './apply-migration.ts';
import { recordFunctions } from './function-journal.ts';
import { runAtOnce } from './run-at-once.ts';

/**
 * Runs a file of functions, all of it or nothing, and records its digest. The role that the file names creates the functions
 * and so owns them; the owner of the schema lends it the right to.
 * @returns how long the successful attempt took, in milliseconds
 * @throws MigrationError naming file, line, column and SQLSTATE
 */
export async function applyFunctions(
  client: Client,
  file: FunctionFile,
  context: ApplyContext,
): Promise<number> {
  const statements = splitStatements(file.content);
  return await retried(client, file.file, context, () =>
    runAtOnce(client, file, statements, context, (durationMs) => recordFunctions(client, file, durationMs)),
  );
}
