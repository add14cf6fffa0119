import type { Review } from '../../review.ts';
import { as, nameOf } from '../../syntax/nodes.ts';
import type { Rule } from '../rule.ts';

export const renameTable: Rule = {
  name: 'rename-table',
  title: 'A table or view is renamed or moved while programs run',
  check: (review) => {
    const renamed = renamedTable(review);
    if (!renamed || review.isNew(renamed)) return [];
    return [
      {
        object: renamed,
        detail: 'every statement of a program that knows it by the old name fails from now on',
        remedy:
          'create the new one, let a trigger or a view keep the old name alive, and drop that in a contract',
      },
    ];
  },
};

const tables = new Set(['OBJECT_TABLE', 'OBJECT_VIEW', 'OBJECT_MATVIEW']);

function renamedTable({ statement: { node } }: Review): string | undefined {
  const rename = as(node, 'RenameStmt');
  if (rename && tables.has(rename.renameType ?? '')) return nameOf(rename.relation);
  const move = as(node, 'AlterObjectSchemaStmt');
  return move && tables.has(move.objectType ?? '') ? nameOf(move.relation) : undefined;
}
