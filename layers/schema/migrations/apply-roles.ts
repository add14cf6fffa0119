import type { Client } from 'pg';
import { MigrationError, sqlstateOf } from '../migration-error.ts';
import { runScript } from '../script/run-script.ts';
import { retry } from './retry.ts';

/**
 * Runs the roles file as the connecting user. Roles belong to the whole cluster, and advisory locks to one
 * database, so two databases migrated at once can collide here; the file is idempotent and simply runs again.
 * @throws MigrationError naming file and line when a statement fails for another reason
 */
export async function applyRoles(client: Client, rolesFile: string, signal?: AbortSignal): Promise<void> {
  const attempt = () => runScript(client, rolesFile);
  await retry(
    { attempts: 20, maxPauseMs: 500, signal },
    (error) => isCollision(error),
    () => {},
    attempt,
  );
}

/** What another database's run of the same file causes: it created the role first, or changed it at the same time. */
function isCollision(error: unknown): boolean {
  const cause = error instanceof MigrationError ? error.cause : error;
  const sqlstate = sqlstateOf(cause);
  if (sqlstate === 'XX000') return /tuple concurrently (updated|deleted)/.test((cause as Error).message);
  return sqlstate === '23505' || sqlstate === '42710' || sqlstate === '40P01';
}
