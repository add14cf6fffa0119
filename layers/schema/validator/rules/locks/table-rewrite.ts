import { effectsOnOthers } from '../../review.ts';
import type { Rule } from '../rule.ts';

const commands = /^(?:VACUUM FULL|CLUSTER)|^(?:its access method|its table space|it becomes|a stored column)/;

export const tableRewrite: Rule = {
  name: 'table-rewrite',
  title: 'A table is copied as a whole while nobody can read or write',
  check: (review) =>
    effectsOnOthers(review)
      .filter(({ work, because }) => work === 'rewrite' && commands.test(because))
      .map(({ table, because }) => ({
        object: table,
        detail: `${because} under an ACCESS EXCLUSIVE lock`,
        remedy:
          'use pg_repack, which copies a table while others write; for another kind of table, create a new one and copy in batches',
      })),
};
