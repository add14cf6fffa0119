import { as, nameOf, objectName } from '../../syntax/nodes.ts';
import type { Rule } from '../rule.ts';

export const dropCascade: Rule = {
  name: 'drop-cascade',
  title: 'CASCADE takes away what the statement does not name',
  check: ({ statement: { node } }) => {
    const drop = as(node, 'DropStmt');
    const truncate = as(node, 'TruncateStmt');
    const alter = as(node, 'AlterTableStmt');
    const ofColumn = (alter?.cmds ?? []).flatMap((each) => as(each, 'AlterTableCmd') ?? []);
    const isCascade =
      [drop, truncate].some((each) => each?.behavior === 'DROP_CASCADE') ||
      ofColumn.some(({ behavior }) => behavior === 'DROP_CASCADE');
    if (!isCascade) return [];
    const objects = (drop?.objects ?? []).map((each) => objectName(each).join('.'));
    const tables = (truncate?.relations ?? []).map((each) => nameOf(as(each, 'RangeVar')));
    return [
      {
        object: [...objects, ...tables, ...(alter ? [nameOf(alter.relation)] : [])].join(', '),
        detail:
          'what depends on it goes too, in production perhaps more than in the database it was tried on',
        remedy: 'name each object in a statement of its own, and leave out cascade',
      },
    ];
  },
};
