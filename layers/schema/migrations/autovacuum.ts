import type { Client } from 'pg';
import { inTransaction } from '#platform/postgres/transaction.ts';
import { OWNER } from '../book/directives.ts';
import { isLockConflict } from './lock-conflict.ts';

/**
 * Ends the work of autovacuum on the owner's tables, so that the next statement gets their locks.
 *
 * Autovacuum gives way to a session that waits longer than `deadlock_timeout` for its lock
 * (https://www.postgresql.org/docs/18/routine-vacuuming.html#AUTOVACUUM), and the lock budget of a migration is shorter: it
 * would be tried again until the vacuum ends, which may take hours. The lock that is waited for here collides with
 * autovacuum and with other changes of the schema; readers and writers do not queue behind it. A vacuum against wraparound
 * and one that somebody has started go on.
 */
export async function interruptAutovacuum(client: Client): Promise<void> {
  for (const table of await vacuumedTables(client)) {
    try {
      await inTransaction(client, () => client.query(`lock table ${table} in share update exclusive mode`), {
        begin: `begin; set local role ${OWNER}; ${longerThanDeadlockTimeout}`,
      });
    } catch (error) {
      if (!isLockConflict(error)) throw error;
    }
  }
}

const longerThanDeadlockTimeout = `select set_config(
  'lock_timeout',
  (extract(epoch from current_setting('deadlock_timeout')::interval) * 1000 + 500)::integer::text,
  true
)`;

/** The owner's tables that somebody holds as a vacuum does, quoted. Whether it is autovacuum, only a superuser may see. */
async function vacuumedTables(client: Client): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select distinct format('%I.%I', n.nspname, c.relname) as name
     from pg_locks l
     join pg_class c on c.oid = l.relation
     join pg_namespace n on n.oid = c.relnamespace
     where l.database = (select oid from pg_database where datname = current_database())
       and l.mode = 'ShareUpdateExclusiveLock'
       and l.granted
       and l.pid <> pg_backend_pid()
       and c.relkind = 'r'
       and c.relowner = '${OWNER}'::regrole
     order by name`,
  );
  return rows.map(({ name }) => name);
}
