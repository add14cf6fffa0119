import type { ColumnDef, Constraint } from 'libpg-query';
import { clausesOf } from '../schema/constraints.ts';
import type { KnownSchema } from '../schema/known-schema.ts';
import { as, nameOf, qualified, stringsOf, typeText } from '../syntax/nodes.ts';
import { locked, type TableEffect, working } from './effects.ts';
import { isSurelyVolatile, volatileFunction } from './volatility.ts';

/** `serial` and its sisters: a sequence, and a default that draws from it for every row. */
export const serialTypes = /^(?:big|small)?serial[248]?$/;

/** What ADD COLUMN does to its table and to the tables that it refers to. */
export function addColumnEffects(schema: KnownSchema, table: string, column: ColumnDef): TableEffect[] {
  const clauses = clausesOf(column);
  const own = rewriteReason(schema, column, clauses);
  const scan = scanReason(column, clauses);
  return [
    own
      ? working(table, 'ACCESS EXCLUSIVE', 'rewrite', own.because, own.isCertain)
      : scan
        ? working(table, 'ACCESS EXCLUSIVE', 'scan', scan)
        : locked(table, 'ACCESS EXCLUSIVE'),
    ...clauses
      .filter(({ contype }) => contype === 'CONSTR_FOREIGN')
      .map(({ pktable }) => locked(nameOf(pktable), 'SHARE ROW EXCLUSIVE')),
  ];
}

function rewriteReason(
  schema: KnownSchema,
  column: ColumnDef,
  clauses: readonly Constraint[],
): { because: string; isCertain: boolean } | undefined {
  const type = typeText(column.typeName);
  if (serialTypes.test(type)) return surely(`${column.colname} draws a number for every row`);
  for (const clause of clauses) {
    if (clause.contype === 'CONSTR_IDENTITY') return surely(`${column.colname} draws a number for every row`);
    if (clause.contype === 'CONSTR_GENERATED' && clause.generated_kind !== 'v') {
      return surely(`${column.colname} is computed and stored for every row`);
    }
    const volatile = clause.contype === 'CONSTR_DEFAULT' && volatileFunction(schema, clause.raw_expr);
    if (volatile) {
      const because = `${volatile}() may give every row another value of ${column.colname}`;
      return { because, isCertain: isSurelyVolatile(volatile) };
    }
  }
  if (schema.domains.get(qualified(stringsOf(column.typeName?.names)))) {
    return surely(`the constraints of the domain ${type} are verified for every row`);
  }
  return undefined;
}

function surely(because: string) {
  return { because, isCertain: true };
}

function scanReason(column: ColumnDef, clauses: readonly Constraint[]): string | undefined {
  const has = (kind: string) => clauses.some(({ contype }) => contype === kind);
  const fallback = clauses.find(({ contype }) => contype === 'CONSTR_DEFAULT')?.raw_expr;
  const isFilled = fallback !== undefined && as(fallback, 'A_Const')?.isnull !== true;
  if (has('CONSTR_CHECK')) return `the check of ${column.colname} is verified for every row`;
  if (has('CONSTR_PRIMARY') || has('CONSTR_UNIQUE')) return `the index of ${column.colname} is built`;
  if (has('CONSTR_FOREIGN') && isFilled) return `every row's reference of ${column.colname} is looked up`;
  if (has('CONSTR_NOTNULL') && !isFilled && !has('CONSTR_GENERATED')) {
    return `${column.colname} must not be null and every row has a null`;
  }
  return undefined;
}
