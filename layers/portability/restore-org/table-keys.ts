import type pg from 'pg';

/** The columns of the primary key of each table, in the order of the key. The table has its name in the export. */
export type TableKeys = ReadonlyMap<string, readonly string[]>;

/** Reads the keys of all tables from the catalogue, which every role can read. */
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

/** Columns whose values must be unique, in addition to the primary key. */
export interface UniqueKey {
  readonly name: string;
  readonly columns: readonly string[];
  /** Whether rows with a null in the key count as different. */
  readonly nullsAreDistinct: boolean;
}

/** The unique keys of each table. The table has its name in the export. */
export type UniqueKeys = ReadonlyMap<string, readonly UniqueKey[]>;

/**
 * Reads the unique keys of all tables from the catalogue. It skips keys that an export cannot show: keys of expressions, of
 * generated columns, and partial keys, except those for rows in which a column of the key is not null.
 */
export async function readUniqueKeys(client: pg.ClientBase): Promise<UniqueKeys> {
  const { rows } = await client.query<{ table: string } & UniqueKey>(
    `select format('%I.%I', n.nspname, c.relname) as table,
       i.relname as name,
       k.columns,
       not x.indnullsnotdistinct as "nullsAreDistinct"
     from pg_index x
     join pg_class i on i.oid = x.indexrelid
     join pg_class c on c.oid = x.indrelid
     join pg_namespace n on n.oid = c.relnamespace
     cross join lateral (
       select array_agg(a.attname::text order by key.place) as columns,
         array_agg(format('(%I IS NOT NULL)', a.attname)) as predicates,
         bool_or(a.attgenerated <> '') as is_generated
       from unnest(x.indkey::smallint[]) with ordinality as key (attnum, place)
       join pg_attribute a on a.attrelid = c.oid and a.attnum = key.attnum
       where key.place <= x.indnkeyatts
     ) k
     where x.indisunique
       and not x.indisprimary
       and x.indexprs is null
       and not k.is_generated
       and (x.indpred is null or pg_get_expr(x.indpred, x.indrelid) = any (k.predicates) and not x.indnullsnotdistinct)
     order by 1, 2`,
  );
  return Map.groupBy(rows, ({ table }) => table);
}
