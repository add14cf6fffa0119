import type { Client } from 'pg';
import { MigrationError, sqlstateOf } from '../migration-error.ts';
import type { LockPolicy } from './session.ts';

/** Whether an error says that a lock was not to be had in time, or that two waited for each other. */
export function isLockConflict(error: unknown): boolean {
  const sqlstate = sqlstateOf(error instanceof MigrationError ? error.cause : error);
  return sqlstate === '55P03' || sqlstate === '40P01';
}

/** What is said when a file has met locks as often as it is allowed to: with the transactions that may hold them. */
export async function lockedOut(
  client: Client,
  file: string,
  policy: LockPolicy,
  cause: unknown,
): Promise<Error> {
  const { rows } = await client.query(
    `select format('pid %s (user %s, %s since %s): %s', pid, usename, state, xact_start, left(query, 80)) as session
     from pg_stat_activity
     where datname = current_database() and pid <> pg_backend_pid() and xact_start is not null
     order by xact_start limit 3`,
  );
  const oldest = rows.map((row) => `\n  ${row.session}`).join('');
  return new MigrationError(
    `${file} met a lock ${policy.lockAttempts} times, ${policy.lockTimeoutMs} ms each: ${(cause as Error).message}`,
    `Run again when the table is quieter, or end the transaction that holds it. Oldest open transactions:${oldest || ' none now'}`,
    { cause },
  );
}
