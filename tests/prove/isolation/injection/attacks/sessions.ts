import type { Attack, Target } from '../attack.ts';

/** Attacks on other sessions of the same role, and on what all sessions share: locks and channels. */
export function sessionAttacks(_: Target): Attack[] {
  const query = (name: string, why: string, sql: string): Attack => ({ name, why, query: sql });
  return [
    query(
      'terminate the others',
      'a role may end its own role’s sessions',
      'select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and usename = current_user',
    ),
    query(
      'cancel the others',
      'a role may cancel its own role’s statements',
      'select pg_cancel_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and usename = current_user',
    ),
    query(
      'terminate by guessing',
      'processes have small numbers',
      'select count(pg_terminate_backend(n)) from generate_series(1, 400000) as n where n <> pg_backend_pid() and n % 8 = 0',
    ),
    query(
      'memory of the others',
      'a backend prints its state',
      'select pg_log_backend_memory_contexts(pid) from pg_stat_activity',
    ),
    query(
      'the slots of the others',
      'every role can take a lock with a known key',
      `select pg_try_advisory_lock((classid::bigint << 32) | objid::bigint) from pg_locks where locktype = 'advisory'`,
    ),
    query(
      'the turn of the migrations',
      'the lock has a known key, and a session lock outlives the request',
      'select pg_advisory_lock(1398033220, 1296647506), pg_advisory_xact_lock(1398033220, 1296647506)',
    ),
    query(
      'every lock there is room for',
      'the lock table is shared',
      'select count(pg_advisory_xact_lock(n)) from generate_series(1, 100000) as n',
    ),
    {
      name: 'listen and notify',
      why: 'the session keeps listening',
      statements: `listen anything; notify anything, 'payload'`,
    },
    query(
      'a flood of notifications',
      'the queue is shared',
      `select count(pg_notify('a', repeat(n::text, 100))) from generate_series(1, 10000) as n`,
    ),
  ];
}
