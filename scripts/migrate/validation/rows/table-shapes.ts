import type { Client } from 'pg';

/** A column that an INSERT may name. */
export interface ColumnShape {
  readonly name: string;
  /** As Postgres writes it, with its length. */
  readonly type: string;
  /** The type below a domain, without its length. */
  readonly baseType: string;
  readonly labels: readonly string[] | null;
  readonly isArray: boolean;
  readonly isNotNull: boolean;
  readonly hasDefault: boolean;
}

export interface CheckShape {
  readonly columns: readonly string[];
  readonly expression: string;
}

export interface ReferenceShape {
  readonly columns: readonly string[];
  readonly table: string;
  readonly referenced: readonly string[];
}

/** A table, and what a row of it must be like. */
export interface TableShape {
  readonly oid: number;
  /** Quoted and with its schema. */
  readonly name: string;
  readonly columns: readonly ColumnShape[];
  readonly checks: readonly CheckShape[];
  readonly references: readonly ReferenceShape[];
}

/** Every table that can hold rows, with those it refers to before it. */
export async function readTableShapes(client: Client): Promise<TableShape[]> {
  const { rows } = await client.query<TableShape>(`
    select
      c.oid::int as oid,
      c.oid::regclass::text as name,
      (
        select coalesce(json_agg(json_build_object(
          'name', a.attname,
          'type', format_type(a.atttypid, a.atttypmod),
          'baseType', format_type(coalesce(nullif(t.typbasetype, 0), a.atttypid), null),
          'labels', (select json_agg(e.enumlabel order by e.enumsortorder) from pg_enum e where e.enumtypid = a.atttypid),
          'isArray', t.typcategory = 'A',
          'isNotNull', a.attnotnull or t.typnotnull,
          'hasDefault', a.atthasdef or a.attidentity <> ''
        ) order by a.attnum), '[]')
        from pg_attribute a
        join pg_type t on t.oid = a.atttypid
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
      ) as columns,
      (
        select coalesce(json_agg(json_build_object(
          'columns', (select json_agg(a.attname) from pg_attribute a where a.attrelid = c.oid and a.attnum = any (k.conkey)),
          'expression', pg_get_expr(k.conbin, k.conrelid)
        ) order by k.conname), '[]')
        from pg_constraint k
        where k.conrelid = c.oid and k.contype = 'c' and k.conkey is not null
      ) as checks,
      (
        select coalesce(json_agg(json_build_object(
          'columns', (select json_agg(a.attname order by n) from unnest(k.conkey) with ordinality as u (num, n)
            join pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.num),
          'table', k.confrelid::regclass::text,
          'referenced', (select json_agg(a.attname order by n) from unnest(k.confkey) with ordinality as u (num, n)
            join pg_attribute a on a.attrelid = k.confrelid and a.attnum = u.num)
        ) order by k.conname), '[]')
        from pg_constraint k
        where k.conrelid = c.oid and k.contype = 'f'
      ) as "references"
    from pg_class c
    join pg_namespace s on s.oid = c.relnamespace
    where c.relkind = 'r'
      and c.relpersistence <> 't'
      and s.nspname !~ '^pg_|^information_schema$|^stockade_migrations$'
    order by s.nspname, c.relname`);
  const bounds = await client.query<{ oid: number; columns: string[]; expression: string }>(`
    select c.oid::int as oid, pg_get_partition_constraintdef(c.oid) as expression,
      (select json_agg(a.attname) from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns
    from pg_class c where c.relispartition and c.relkind = 'r'`);
  const shapes = rows.map((shape) => ({
    ...shape,
    checks: [
      ...shape.checks,
      ...bounds.rows
        .filter(({ oid, expression }) => oid === shape.oid && expression)
        .map(({ columns, expression }) => ({
          columns: columns.filter((column) => expression.includes(column)),
          expression,
        })),
    ],
  }));
  return inOrderOfReferences(shapes);
}

function inOrderOfReferences(shapes: readonly TableShape[]): TableShape[] {
  const ordered = new Set<TableShape>();
  const visit = (shape: TableShape, path: readonly TableShape[]) => {
    if (ordered.has(shape) || path.includes(shape)) return;
    for (const { table } of shape.references) {
      const referenced = shapes.find(({ name }) => name === table);
      if (referenced) visit(referenced, [...path, shape]);
    }
    ordered.add(shape);
  };
  for (const shape of shapes) visit(shape, []);
  return [...ordered];
}
