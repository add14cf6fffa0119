import { as } from '../../syntax/nodes.ts';
import type { Rule } from '../rule.ts';

export const tableWithoutSchema: Rule = {
  name: 'table-without-schema',
  title: 'A table without its schema',
  check: ({ statement: { node }, file }) => {
    const relation =
      as(node, 'CreateStmt')?.relation ??
      as(node, 'AlterTableStmt')?.relation ??
      as(node, 'IndexStmt')?.relation;
    if (file.runner !== 'stockade' || !relation || relation.schemaname) return [];
    if (relation.relpersistence === 't') return [];
    return [
      {
        object: relation.relname ?? '',
        detail: 'which table it is depends on the search path of the session',
        remedy: `write schema.${relation.relname}`,
      },
    ];
  },
};
