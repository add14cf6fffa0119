import type pg from 'pg';

/** The columns of the primary key of a table, in the order of the key, by the name that an export gives the table. */
export type TableKeys = ReadonlyMap<string, readonly string[]>;

/** Reads the keys of all tables from the catalogue, which every role may read. */
export async function readTableKeys(client: pg.ClientBase): Promise<TableKeys> {
  const { rows } = await client.query<{ name: string; columns: string[] }>(
    `select format('%I.%I', n.nspname, c.relname) as name,
       array(
         select a.attname::text
         from unnest(k.conkey) with ordinality as key (attnum, place)
         join pg_attribute a on a.attrelid = c.oid and a.attnum = key.attnum
         order by key.place
       ) as columns
     from pg_constraint k
     join pg_class c on c.oid = k.conrelid
     join pg_namespace n on n.oid = c.relnamespace
     where k.contype = 'p'`,
  );
  return new Map(rows.map(({ name, columns }) => [name, columns]));
}
