import { isSet } from '../../effects/maintenance-effects.ts';
import { as, nameOf } from '../../syntax/nodes.ts';
import type { Rule } from '../rule.ts';

export const reindexNotConcurrent: Rule = {
  name: 'reindex-not-concurrent',
  title: 'An index is rebuilt while nobody can write',
  check: ({ statement }) => {
    const reindex = as(statement.node, 'ReindexStmt');
    if (!reindex || isSet(reindex.params, 'concurrently')) return [];
    return [
      {
        object: reindex.relation ? nameOf(reindex.relation) : (reindex.name ?? 'the database'),
        detail: 'writers wait until it is rebuilt, and so do readers that would use it',
        remedy: 'reindex (concurrently) …, outside a transaction',
      },
    ];
  },
};
