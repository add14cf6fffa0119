import type { Client } from 'pg';
import { type LockMode, modeOfStrength } from '#schema/validator/effects/lock-modes.ts';

/** What Postgres says of a table at one moment. */
export interface TableState {
  readonly oid: number;
  readonly name: string;
  /** Another one after the table was written again. */
  readonly file: number;
  /** How often this transaction has read it from end to end. */
  readonly scans: number;
}

/** The tables and materialized views that a session can see, by oid. */
export async function readTables(client: Client): Promise<Map<number, TableState>> {
  const { rows } = await client.query<TableState>(`
    select c.oid::int as oid, n.nspname || '.' || c.relname as name, c.relfilenode::bigint::float8 as file,
      coalesce(pg_stat_get_xact_numscans(c.oid), 0)::float8 as scans
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'm')
      and n.nspname !~ '^pg_|^information_schema$|^stockade_migrations$'`);
  return new Map(rows.map((row) => [row.oid, row]));
}

/** The strongest lock that a backend holds or waits for, by the oid of the relation. */
export async function readLocks(client: Client, pid: number): Promise<Map<number, LockMode>> {
  const { rows } = await client.query<{ relation: number; strength: number }>(
    `select relation::int as relation, max(case mode
       when 'AccessShareLock' then 1 when 'RowShareLock' then 2 when 'RowExclusiveLock' then 3
       when 'ShareUpdateExclusiveLock' then 4 when 'ShareLock' then 5 when 'ShareRowExclusiveLock' then 6
       when 'ExclusiveLock' then 7 when 'AccessExclusiveLock' then 8 end) as strength
     from pg_locks
     where pid = $1 and locktype = 'relation' and relation >= 16384
       and database = (select oid from pg_database where datname = current_database())
     group by relation`,
    [pid],
  );
  return new Map(rows.map(({ relation, strength }) => [relation, modeOfStrength(strength)]));
}

/** The indexes that are kept up to date and that no query uses. */
export async function readInvalidIndexes(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select i.indexrelid::regclass::text as name from pg_index i
     join pg_class c on c.oid = i.indexrelid
     join pg_namespace n on n.oid = c.relnamespace
     where not i.indisvalid and c.relkind = 'i' and n.nspname !~ '^pg_'
     order by 1`,
  );
  return rows.map(({ name }) => name);
}
