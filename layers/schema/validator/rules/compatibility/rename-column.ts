import { alterCommands } from '../../review.ts';
import { as, nameOf } from '../../syntax/nodes.ts';
import type { Rule } from '../rule.ts';

export const renameColumn: Rule = {
  name: 'rename-column',
  title: 'A column is renamed while programs run',
  check: ({ statement: { node }, transaction = [], isNew }) => {
    const rename = as(node, 'RenameStmt');
    const table = nameOf(rename?.relation);
    if (rename?.renameType !== 'OBJECT_COLUMN' || isNew(table)) return [];
    const isAddedHere = transaction
      .flatMap(alterCommands)
      .some((each) => each.table === table && as(each.command.def, 'ColumnDef')?.colname === rename.subname);
    if (isAddedHere) return [];
    return [
      {
        object: `${table}.${rename.subname}`,
        detail: `no release knows it as ${rename.subname} and as ${rename.newname}: one of them fails`,
        remedy: 'add the new column, let a trigger keep both, fill it, and drop the old one in a contract',
      },
    ];
  },
};
