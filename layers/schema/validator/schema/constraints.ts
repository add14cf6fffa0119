import type { ColumnDef, Constraint } from 'libpg-query';
import { allOf, as, everyNode, nameOf, stringsOf } from '../syntax/nodes.ts';
import type { KnownConstraint, KnownSchema } from './known-schema.ts';

const kinds: Readonly<Record<string, KnownConstraint['kind']>> = {
  CONSTR_CHECK: 'check',
  CONSTR_FOREIGN: 'foreign key',
  CONSTR_PRIMARY: 'primary key',
  CONSTR_UNIQUE: 'unique',
  CONSTR_EXCLUSION: 'exclusion',
  CONSTR_NOTNULL: 'not null',
};

/** The constraint that a clause makes, with the name that Postgres gives it; undefined for a default and the like. */
export function constraintOf(
  schema: KnownSchema,
  table: string,
  clause: Constraint,
  column?: string,
): KnownConstraint | undefined {
  const kind = kinds[clause.contype ?? ''];
  if (!kind) return undefined;
  const index = clause.indexname ? schema.indexes.get(inSchemaOf(table, clause.indexname)) : undefined;
  const columns = columnsOf(clause, column, index?.columns);
  return {
    name: clause.conname ?? clause.indexname ?? defaultName(schema, table, kind, columns),
    kind,
    columns,
    isValid: clause.skip_validation !== true,
    references: kind === 'foreign key' ? nameOf(clause.pktable) : undefined,
    provesNotNull: kind === 'check' ? notNullColumn(clause) : undefined,
  };
}

/** The clauses that stand at a column. */
export function clausesOf(column: ColumnDef): Constraint[] {
  return allOf(column.constraints, 'Constraint');
}

/** An index is in the schema of its table. */
export function inSchemaOf(table: string, name: string): string {
  return `${table.split('.')[0]}.${name}`;
}

function columnsOf(
  clause: Constraint,
  column: string | undefined,
  indexed: readonly string[] | undefined,
): readonly string[] {
  if (column) return [column];
  const named = [...stringsOf(clause.keys), ...stringsOf(clause.fk_attrs)];
  if (named.length > 0) return named;
  if (indexed) return indexed;
  return [...new Set([...everyNode(clause.raw_expr)].flatMap((node) => columnName(node) ?? []))];
}

function columnName(node: Parameters<typeof as>[0]): string | undefined {
  const fields = as(node, 'ColumnRef')?.fields;
  return stringsOf(fields).at(-1);
}

/** `column is not null`, and no more. */
function notNullColumn({ raw_expr }: Constraint): string | undefined {
  const test = as(raw_expr, 'NullTest');
  return test?.nulltesttype === 'IS_NOT_NULL' ? columnName(test.arg) : undefined;
}

const endings: Readonly<Record<KnownConstraint['kind'], string>> = {
  check: 'check',
  'foreign key': 'fkey',
  'primary key': 'pkey',
  unique: 'key',
  exclusion: 'excl',
  'not null': 'not_null',
};

function defaultName(
  schema: KnownSchema,
  table: string,
  kind: KnownConstraint['kind'],
  columns: readonly string[],
): string {
  const [, bare = table] = table.split('.');
  const named = kind === 'primary key' || (kind === 'check' && columns.length !== 1) ? [] : columns;
  const stem = [bare, ...named, endings[kind]].join('_');
  const taken = schema.table(table)?.constraints;
  for (let number = 0; ; number += 1) {
    const name = number === 0 ? stem : `${stem}${number}`;
    if (!taken?.has(name)) return name;
  }
}
