import { as } from '../../syntax/nodes.ts';
import type { Rule } from '../rule.ts';

export const renameSchema: Rule = {
  name: 'rename-schema',
  title: 'A schema is renamed while programs run',
  check: ({ statement: { node } }) => {
    const rename = as(node, 'RenameStmt');
    if (rename?.renameType !== 'OBJECT_SCHEMA') return [];
    return [
      {
        object: rename.subname ?? '',
        detail: 'every statement that names an object in it fails from now on',
        remedy: 'create the new schema, move the tables one by one, and drop the old schema in a contract',
      },
    ];
  },
};
