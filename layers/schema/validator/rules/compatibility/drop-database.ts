import { as } from '../../syntax/nodes.ts';
import type { Rule } from '../rule.ts';

export const dropDatabase: Rule = {
  name: 'drop-database',
  title: 'A database is dropped',
  check: ({ statement: { node } }) => {
    const drop = as(node, 'DropdbStmt');
    if (!drop) return [];
    return [
      {
        object: drop.dbname ?? '',
        detail: 'everything in it is gone, and no transaction brings it back',
        remedy: 'do it by hand, after a backup that has been restored',
      },
    ];
  },
};
