import type { Client } from 'pg';
import type { Attack } from '../attack.ts';

/**
 * For each table and view that a login role can name: a lock against everybody, held until something ends the request.
 * `superuser` reads their names.
 */
export async function lockAttacks(superuser: Client): Promise<Attack[]> {
  const { rows } = await superuser.query<{ name: string }>(`
    select format('%I.%I', n.nspname, c.relname) as name
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v')
      and (
        n.nspname !~ '^pg_|^information_schema$' and has_schema_privilege('stockade_api', n.oid, 'usage')
        -- Of Postgres' own, only what somebody was given more of than reading.
        or has_table_privilege('stockade_api', c.oid, 'update, delete, truncate')
      )
    order by 1`);
  const hold = 'select pg_sleep(600)';
  return [
    ...rows.map(({ name }) => ({
      name: `lock ${name} and hold it`,
      why: 'a role that may change or delete rows of a table may lock all of it',
      statements: `set local lock_timeout = 0; set local statement_timeout = 0;
                   lock table ${name} in access exclusive mode; ${hold}`,
      neverStalls: true,
    })),
    {
      name: 'lock rows of every organization and hold them',
      why: 'a lock of rows passes the policy',
      statements: `set local lock_timeout = 0; set local statement_timeout = 0;
                   select from inventory.items for update; ${hold}`,
      neverStalls: true,
    },
    {
      name: 'lock a schema by a command on it, and hold it',
      why: 'a command takes its lock before it is refused',
      statements: `set local lock_timeout = 0; set local statement_timeout = 0;
                   savepoint a; drop schema inventory cascade; rollback to a; ${hold}`,
      neverStalls: true,
    },
  ];
}
