import { as, nameOf } from '../../syntax/nodes.ts';
import type { Rule } from '../rule.ts';
import { inContract } from './destructive.ts';

export const truncateTable: Rule = {
  name: 'truncate-table',
  title: 'A table is emptied',
  check: ({ statement: { node }, file, isNew }) => {
    if (file.isContract) return [];
    return (as(node, 'TruncateStmt')?.relations ?? [])
      .map((each) => nameOf(as(each, 'RangeVar')))
      .filter((table) => !isNew(table))
      .map((table) => ({
        object: table,
        detail: 'all of its rows are gone, and it is locked in ACCESS EXCLUSIVE mode',
        remedy: inContract,
      }));
  },
};
