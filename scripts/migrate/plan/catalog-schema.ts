import type { Client } from 'pg';
import { type KnownConstraint, KnownSchema, type Volatility } from '#schema/validator/schema/known-schema.ts';

/** A table of a database, and how large it is. */
export interface TableSize {
  readonly bytes: number;
  /** As the last VACUUM or ANALYZE has counted; -1 when neither has ever looked at it. */
  readonly rows: number;
}

/** What a database has: the schema as the validator knows one, and the sizes of the tables. */
export interface DatabaseShape {
  readonly schema: KnownSchema;
  readonly sizes: ReadonlyMap<string, TableSize>;
}

/** Reads the catalogue. It locks nothing that anybody waits for. */
export async function readDatabaseShape(client: Client): Promise<DatabaseShape> {
  const schema = new KnownSchema();
  const sizes = await readTables(client, schema);
  await readConstraints(client, schema);
  await readIndexes(client, schema);
  const functions = await client.query<{ name: string; volatility: Volatility }>(`
    select n.nspname || '.' || p.proname as name,
      case p.provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end as volatility
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where n.nspname !~ '^pg_|^information_schema$'`);
  for (const { name, volatility } of functions.rows) schema.functions.set(name, volatility);
  return { schema, sizes };
}

async function readTables(client: Client, schema: KnownSchema): Promise<Map<string, TableSize>> {
  const { rows } = await client.query<{
    name: string;
    parents: string[] | null;
    bytes: string;
    rows: number;
    columns: { name: string; type: string; isNotNull: boolean }[];
  }>(`
    select n.nspname || '.' || c.relname as name,
      (select array_agg(i.inhparent::regclass::text) from pg_inherits i where i.inhrelid = c.oid) as parents,
      pg_table_size(c.oid) as bytes,
      c.reltuples as rows,
      (
        select coalesce(json_agg(json_build_object(
          'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'isNotNull', a.attnotnull)), '[]')
        from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      ) as columns
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'm') and n.nspname !~ '^pg_|^information_schema$'`);
  const sizes = new Map<string, TableSize>();
  for (const row of rows) {
    for (const column of row.columns) schema.setColumn(row.name, { ...column, type: asWritten(column.type) });
    schema.ensureTable(row.name);
    for (const parent of row.parents ?? []) schema.ensureTable(parent).children.add(row.name);
    sizes.set(row.name, { bytes: Number(row.bytes), rows: row.rows });
  }
  return sizes;
}

/** The names that the grammar gives to types that the catalogue writes out. */
const shortNames: Readonly<Record<string, string>> = {
  'character varying': 'varchar',
  character: 'bpchar',
  integer: 'int4',
  bigint: 'int8',
  smallint: 'int2',
  boolean: 'bool',
  'timestamp with time zone': 'timestamptz',
  'timestamp without time zone': 'timestamp',
};

function asWritten(type: string): string {
  const [, words = '', modifiers = '', rest = ''] =
    /^([a-z ]+?)(\([\d,]+\))?((?: with(?:out)? time zone)?)$/.exec(type) ?? [];
  const name = `${words}${rest}`;
  return words ? `${shortNames[name] ?? name}${modifiers}` : type;
}

async function readConstraints(client: Client, schema: KnownSchema): Promise<void> {
  const { rows } = await client.query<KnownConstraint & { table: string; expression: string | null }>(`
    select n.nspname || '.' || c.relname as "table", k.conname as name,
      case k.contype when 'c' then 'check' when 'f' then 'foreign key' when 'p' then 'primary key'
        when 'u' then 'unique' when 'x' then 'exclusion' else 'not null' end as kind,
      array(select a.attname::text from unnest(k.conkey) with ordinality as u (num, nth)
        join pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.num order by nth) as columns,
      k.convalidated as "isValid",
      (select rn.nspname || '.' || r.relname from pg_class r join pg_namespace rn on rn.oid = r.relnamespace where r.oid = k.confrelid) as "references",
      pg_get_expr(k.conbin, k.conrelid) as expression
    from pg_constraint k
    join pg_class c on c.oid = k.conrelid
    join pg_namespace n on n.oid = c.relnamespace
    where k.contype in ('c', 'f', 'p', 'u', 'x', 'n') and n.nspname !~ '^pg_|^information_schema$'`);
  for (const { table, expression, ...constraint } of rows) {
    const [, column] = /^\(?"?(\w+)"? IS NOT NULL\)?$/.exec(expression ?? '') ?? [];
    schema.ensureTable(table).constraints.set(constraint.name, {
      ...constraint,
      references: constraint.references ?? undefined,
      provesNotNull: column,
    });
  }
}

async function readIndexes(client: Client, schema: KnownSchema): Promise<void> {
  const { rows } = await client.query<{ name: string; table: string; columns: string[]; isUnique: boolean }>(`
    select n.nspname || '.' || c.relname as name, tn.nspname || '.' || t.relname as "table", i.indisunique as "isUnique",
      array(select pg_get_indexdef(i.indexrelid, k, true) from generate_series(1, i.indnkeyatts) as k) as columns
    from pg_index i
    join pg_class c on c.oid = i.indexrelid
    join pg_namespace n on n.oid = c.relnamespace
    join pg_class t on t.oid = i.indrelid
    join pg_namespace tn on tn.oid = t.relnamespace
    where n.nspname !~ '^pg_'`);
  for (const row of rows) schema.indexes.set(row.name, row);
}
