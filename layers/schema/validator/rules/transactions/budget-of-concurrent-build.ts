import { as } from '../../syntax/nodes.ts';
import type { Rule } from '../rule.ts';

export const budgetOfConcurrentBuild: Rule = {
  name: 'budget-of-concurrent-build',
  title: 'A concurrent index build may give up and leave an invalid index',
  check: ({ statement, effects, lockTimeoutMs, file }) => {
    const index = as(statement.node, 'IndexStmt') ?? as(statement.node, 'ReindexStmt');
    if (!index || !effects.waitsForOthers || file.runner === 'stockade' || !lockTimeoutMs) return [];
    return [
      {
        object: 'idxname' in index ? (index.idxname ?? 'an index') : 'an index',
        detail: `it waits for older transactions, which ends after ${lockTimeoutMs} ms with an index that is kept up to date and never used`,
        remedy: 'set lock_timeout = 0; before it: while it waits, nobody waits for it',
      },
    ];
  },
};
