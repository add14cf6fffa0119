import { readFile } from 'node:fs/promises';
import type { Client } from 'pg';
import { locateSqlError, MigrationError, sqlstateOf } from './migration-error.ts';
import { retry } from './retry.ts';
import { splitStatements } from './sql-statements.ts';

/**
 * Runs the roles file as the connecting user. Roles belong to the whole cluster, and advisory locks to one
 * database, so two databases migrated at once can collide here; the file is idempotent and simply runs again.
 * @throws MigrationError naming file and line when a statement fails for another reason
 */
export async function applyRoles(client: Client, rolesFile: string, signal?: AbortSignal): Promise<void> {
  const content = await readRoles(rolesFile);
  const attempt = () => runRoles(client, rolesFile, content);
  await retry(
    { attempts: 20, maxPauseMs: 500, signal },
    (error) => isCollision(error),
    () => {},
    attempt,
  );
}

async function readRoles(rolesFile: string): Promise<string> {
  try {
    return await readFile(rolesFile, 'utf8');
  } catch (cause) {
    throw new MigrationError(
      `the roles file ${rolesFile} cannot be read: ${(cause as Error).message}`,
      'It stands beside the migrations directory (sql/roles.sql); pass rolesFile when it is elsewhere.',
      { cause },
    );
  }
}

async function runRoles(client: Client, file: string, content: string): Promise<void> {
  await client.query('begin');
  try {
    for (const { text, start } of splitStatements(content)) {
      await client.query(text).catch((error: unknown) => {
        throw locateSqlError(error, { file, content, start, text });
      });
    }
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw error;
  }
}

/** What another database's run of the same file causes: it made the role first, or changed it under us. */
function isCollision(error: unknown): boolean {
  const cause = error instanceof MigrationError ? error.cause : error;
  const sqlstate = sqlstateOf(cause);
  if (sqlstate === 'XX000') return /tuple concurrently (updated|deleted)/.test((cause as Error).message);
  return sqlstate === '23505' || sqlstate === '42710' || sqlstate === '40P01';
}
