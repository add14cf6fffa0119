import type { Node, SelectStmt } from 'libpg-query';
import { sourcesOf } from '../../effects/data-effects.ts';
import type { Review } from '../../review.ts';
import type { KnownSchema } from '../../schema/known-schema.ts';
import { as, kindOf, nameOf, stringsOf } from '../../syntax/nodes.ts';

/** Whether a statement touches a number of rows that does not grow with a table. */
export function isBounded({ statement: { node }, schema, isNew }: Review): boolean {
  const insert = as(node, 'InsertStmt');
  if (insert) return isBoundedQuery(as(insert.selectStmt, 'SelectStmt'), isNew);
  const write = as(node, 'UpdateStmt') ?? as(node, 'DeleteStmt');
  if (write)
    return isNew(nameOf(write.relation)) || isByKey(schema, nameOf(write.relation), write.whereClause);
  const select = as(node, 'SelectStmt');
  return select ? isBoundedQuery(select, isNew) : false;
}

function isBoundedQuery(select: SelectStmt | undefined, isNew: Review['isNew']): boolean {
  if (!select || select.valuesLists || select.limitCount) return true;
  return sourcesOf(select).every(isNew);
}

/** Whether the conditions name one row, or a list of rows, by a key. */
export function isByKey(schema: KnownSchema, table: string, where: Node | undefined): boolean {
  if (conjuncts(where).some(isInLimited)) return true;
  const named = conjuncts(where).flatMap((node) => columnWithValue(node) ?? []);
  const keys = [...schema.indexes.values()].filter((index) => index.table === table && index.isUnique);
  if (keys.length === 0) return named.includes('id');
  return keys.some(({ columns }) => columns.every((column) => named.includes(column)));
}

/** `column in (select … limit 1000)`. */
function isInLimited(node: Node): boolean {
  const link = as(node, 'SubLink');
  return link?.subLinkType === 'ANY_SUBLINK' && as(link.subselect, 'SelectStmt')?.limitCount !== undefined;
}

function conjuncts(node: Node | undefined): Node[] {
  if (!node) return [];
  const all = as(node, 'BoolExpr');
  return all?.boolop === 'AND_EXPR' ? (all.args ?? []).flatMap(conjuncts) : [node];
}

/** The column of `column = value` and of `column in (value, …)`. */
function columnWithValue(node: Node): string | undefined {
  const comparison = as(node, 'A_Expr');
  const isEqual = stringsOf(comparison?.name).join() === '=';
  if (!comparison || !isEqual || !['AEXPR_OP', 'AEXPR_IN'].includes(comparison.kind ?? '')) return undefined;
  const column = stringsOf(as(comparison.lexpr, 'ColumnRef')?.fields).at(-1);
  const values = as(comparison.rexpr, 'List')?.items ?? (comparison.rexpr ? [comparison.rexpr] : []);
  return values.every(isValue) ? column : undefined;
}

function isValue(node: Node): boolean {
  const cast = as(node, 'TypeCast');
  return cast?.arg ? isValue(cast.arg) : ['A_Const', 'ParamRef'].includes(kindOf(node));
}
