import { as, nameOf } from '../../syntax/nodes.ts';
import type { Rule } from '../rule.ts';

export const refreshNotConcurrent: Rule = {
  name: 'refresh-not-concurrent',
  title: 'A materialized view is refreshed while nobody can read it',
  check: ({ statement }) => {
    const refresh = as(statement.node, 'RefreshMatViewStmt');
    if (!refresh || refresh.concurrent || refresh.skipData) return [];
    return [
      {
        object: nameOf(refresh.relation),
        detail: 'it is locked in ACCESS EXCLUSIVE mode while its query runs',
        remedy: 'give it a unique index and write refresh materialized view concurrently',
      },
    ];
  },
};
