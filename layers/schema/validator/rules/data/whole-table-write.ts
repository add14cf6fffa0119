import type { Node } from 'libpg-query';
import { isSet } from '../../effects/maintenance-effects.ts';
import { allOf, as, everyNode, type NodeKind, nameOf } from '../../syntax/nodes.ts';
import type { Rule } from '../rule.ts';

export const wholeTableWrite: Rule = {
  name: 'whole-table-write',
  title: 'UPDATE or DELETE of all rows',
  check: ({ statement: { node }, isNew }) =>
    carriedOut(node).flatMap((each) => {
      const table = lockedWhole(each);
      if (table === undefined || isNew(table)) return [];
      const verb = 'UpdateStmt' in each ? 'update' : 'DeleteStmt' in each ? 'delete' : 'select … for update';
      return [
        {
          object: table,
          detail: `"${verb}" without a condition locks every row of the table until the transaction ends`,
          remedy: `name the rows; to ${verb} all of them, write a "--! backfill" file, which does it in batches`,
        },
      ];
    }),
};

/** The statement and those inside it: WITH, COPY (…), PREPARE and EXPLAIN ANALYZE carry them out, or will. */
function carriedOut(node: Node): Node[] {
  const explained = as(node, 'ExplainStmt');
  if (explained && !isSet(explained.options, 'analyze')) return [];
  return carriers.some((kind) => kind in node) ? [...everyNode(node)] : [];
}

const carriers: readonly NodeKind[] = [
  'SelectStmt',
  'InsertStmt',
  'UpdateStmt',
  'DeleteStmt',
  'MergeStmt',
  'CopyStmt',
  'PrepareStmt',
  'ExplainStmt',
  'CreateTableAsStmt',
];

/** The table of which a statement locks every row. */
function lockedWhole(node: Node): string | undefined {
  const write = as(node, 'UpdateStmt') ?? as(node, 'DeleteStmt');
  if (write) return isUnconditional(node) ? nameOf(write.relation) : undefined;
  const select = as(node, 'SelectStmt');
  const [from] = allOf(select?.fromClause, 'RangeVar');
  const isLocking = (select?.lockingClause ?? []).length > 0;
  return isLocking && from && !select?.whereClause && !select?.limitCount ? nameOf(from) : undefined;
}

/** Whether an UPDATE or DELETE touches every row. */
export function isUnconditional(node: Parameters<typeof as>[0]): boolean {
  const write = as(node, 'UpdateStmt') ?? as(node, 'DeleteStmt');
  return write !== undefined && (!write.whereClause || isAlwaysTrue(write.whereClause));
}

function isAlwaysTrue(where: Parameters<typeof as>[0]): boolean {
  const constant = as(where, 'A_Const');
  if (constant) return constant.boolval?.boolval === true;
  const comparison = as(where, 'A_Expr');
  const [left, right] = [as(comparison?.lexpr, 'A_Const'), as(comparison?.rexpr, 'A_Const')];
  return (
    left !== undefined && right !== undefined && JSON.stringify(left.ival) === JSON.stringify(right.ival)
  );
}
