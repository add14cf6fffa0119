import { isOnlyParent } from '../../effects/maintenance-effects.ts';
import { as, nameOf } from '../../syntax/nodes.ts';
import type { Rule } from '../rule.ts';

export const indexNotConcurrent: Rule = {
  name: 'index-not-concurrent',
  title: 'An index is built while nobody can write',
  check: ({ statement, schema, isNew }) => {
    const index = as(statement.node, 'IndexStmt');
    const table = nameOf(index?.relation);
    if (!index || index.concurrent || isNew(table) || isOnlyParent(schema, index)) return [];
    return [
      {
        object: table,
        detail: `the index ${index.idxname ?? ''} is built under a SHARE lock: writers wait until it is done`,
        remedy: 'create index concurrently …, in a file of its own ("--! concurrently")',
      },
    ];
  },
};
