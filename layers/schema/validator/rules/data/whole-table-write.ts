import { as, nameOf } from '../../syntax/nodes.ts';
import type { Rule } from '../rule.ts';

export const wholeTableWrite: Rule = {
  name: 'whole-table-write',
  title: 'UPDATE or DELETE of all rows',
  check: ({ statement: { node, kind }, isNew }) => {
    const write = as(node, 'UpdateStmt') ?? as(node, 'DeleteStmt');
    const table = nameOf(write?.relation);
    if (!write || isNew(table) || !isUnconditional(node)) return [];
    const verb = kind === 'UpdateStmt' ? 'update' : 'delete';
    return [
      {
        object: table,
        detail: `"${verb}" without a condition locks every row of the table until the transaction ends`,
        remedy: `name the rows; to ${verb} all of them, write a "--! backfill" file, which does it in batches`,
      },
    ];
  },
};

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
