import { escapeLiteral } from 'pg';
import { asSuperuser } from '../../clone.ts';

/** A column of a tenant table that a role may read. */
export interface Column {
  /** Quoted and with its schema. */
  readonly table: string;
  /** Quoted. */
  readonly name: string;
  readonly type: string;
  /** Values of the neighbours of all worlds, as text. */
  readonly values: readonly string[];
}

/** The columns that a role may read, with values from the databases. The URLs are for the superuser. */
export async function readableColumns(urls: readonly string[], role: string): Promise<Column[]> {
  const [first = ''] = urls;
  const columns = await asSuperuser(first, async (client) => {
    const { rows } = await client.query<Omit<Column, 'values'>>(
      `select t.oid::regclass::text as table, quote_ident(a.attname) as name, format_type(a.atttypid, null) as type
       from unnest('tenancy.organizations'::regclass || tenancy.tenant_tables()) as t (oid)
       join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
       where has_column_privilege($1, t.oid, a.attnum, 'select')
       order by 1, a.attnum`,
      [role],
    );
    return rows;
  });
  const valuesByWorld = await Promise.all(urls.map((url) => readValues(url, columns)));
  return columns.map((column, index) => ({
    ...column,
    values: [...new Set(valuesByWorld.flatMap((values) => values[index] ?? []))],
  }));
}

/** One value of each column, in the middle of its order. */
async function readValues(
  url: string,
  columns: readonly Omit<Column, 'values'>[],
): Promise<readonly (readonly string[])[]> {
  return await asSuperuser(url, async (client) => {
    const values: string[][] = [];
    for (const { table, name } of columns) {
      const { rows } = await client.query<{ value: string }>(
        `select percentile_disc(0.5) within group (order by ${name}::text collate "C") as value
         from ${table} where ${name} is not null`,
      );
      values.push(rows.flatMap(({ value }) => value ?? []));
    }
    return values;
  });
}

const ordered = new Set([
  'text',
  'uuid',
  'numeric',
  'smallint',
  'integer',
  'bigint',
  'boolean',
  'bytea',
  'date',
  'timestamp with time zone',
]);

/**
 * The statements that could show values of a column. The number of rows that a table contributes is rounded to at least one,
 * which hides small numbers. A condition on a join is not: of a million rows, it shows a millionth.
 */
export function statementsOf({ table, name, type, values }: Column): string[] {
  const conditions = [`${name} is null`, ...values.flatMap((value) => conditionsOn(name, type, value))];
  const own = conditions.map((condition) => `select ${name}::text from ${table} where ${condition}`);
  const explained = conditions.map(
    (condition) =>
      `explain (format json) select from ${table}, generate_series(1, 1000000) as n where (${condition}) or n is null`,
  );
  return [
    ...explained,
    ...own,
    `explain (format json) select distinct ${name} from ${table}`,
    // Which of the two is hashed, and so the order of the rows, is decided by the estimate.
    ...conditions.map(
      (condition) =>
        `select a.ctid is null, b.n from ${table} a join (select n, ${name} as x from ${table} cross join generate_series(1, 3) as n where ${condition}) b on b.x = a.${name}`,
    ),
  ].filter((statement) => type !== 'json' || !/distinct|join/.test(statement));
}

function conditionsOn(name: string, type: string, value: string): string[] {
  const literal = `${escapeLiteral(value)}::${type}`;
  if (type === 'jsonb' || type.endsWith('[]')) return [`${name} = ${literal}`];
  if (!ordered.has(type)) return [];
  const compared = ['=', '<', '>='].map((operator) => `${name} ${operator} ${literal}`);
  if (type !== 'text') return compared;
  return [
    ...compared,
    `${name} collate "POSIX" < ${literal}`,
    `${name} like ${escapeLiteral(`${value.slice(0, 2)}%`)}`,
    `starts_with(${name}, ${escapeLiteral(value.slice(0, 2))})`,
    // Fails as soon as it is asked of a row that it does not hold for.
    `1 / (case when ${name} <> ${literal} then 1 else 0 end) = 1`,
  ];
}
