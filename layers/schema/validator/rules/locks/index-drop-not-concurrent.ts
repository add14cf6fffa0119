import { as, objectName, qualified } from '../../syntax/nodes.ts';
import type { Rule } from '../rule.ts';

export const indexDropNotConcurrent: Rule = {
  name: 'index-drop-not-concurrent',
  title: 'An index is dropped under a lock that stops everybody',
  check: ({ statement, schema, isNew }) => {
    const drop = as(statement.node, 'DropStmt');
    if (drop?.removeType !== 'OBJECT_INDEX' || drop.concurrent) return [];
    return (drop.objects ?? [])
      .map((object) => qualified(objectName(object)))
      .filter((index) => !isNew(schema.indexes.get(index)?.table ?? ''))
      .map((index) => ({
        object: index,
        detail:
          'its table is locked in ACCESS EXCLUSIVE mode, and readers queue up behind the wait for that lock',
        remedy: `drop index concurrently if exists ${index}, in a file of its own ("--! concurrently")`,
      }));
  },
};
