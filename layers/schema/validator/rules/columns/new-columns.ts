import type { ColumnDef } from 'libpg-query';
import type { Review } from '../../review.ts';
import { allOf, as, nameOf, typeText } from '../../syntax/nodes.ts';
import type { Fault } from '../rule.ts';

/** A column that a statement adds, to a new table or to one in use. */
export interface NewColumn {
  readonly table: string;
  readonly column: ColumnDef;
  readonly type: string;
}

/** The columns that a statement adds. */
export function newColumns({ statement: { node } }: Pick<Review, 'statement'>): NewColumn[] {
  const create = as(node, 'CreateStmt');
  const added = allOf(as(node, 'AlterTableStmt')?.cmds, 'AlterTableCmd')
    .filter(({ subtype }) => subtype === 'AT_AddColumn')
    .flatMap(({ def }) => as(def, 'ColumnDef') ?? []);
  const table = nameOf(create?.relation ?? as(node, 'AlterTableStmt')?.relation);
  return [...allOf(create?.tableElts, 'ColumnDef'), ...added].map((column) => ({
    table,
    column,
    type: typeText(column.typeName),
  }));
}

/** A fault for each new column of a type. */
export function faultsOfType(review: Review, type: RegExp, detail: string, remedy: string): Fault[] {
  return newColumns(review)
    .filter((each) => type.test(each.type))
    .map(({ table, column }) => ({ object: `${table}.${column.colname}`, detail, remedy }));
}
