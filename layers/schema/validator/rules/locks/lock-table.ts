import { blocksWrites } from '../../effects/lock-modes.ts';
import { effectsOnOthers } from '../../review.ts';
import type { Rule } from '../rule.ts';

export const lockTable: Rule = {
  name: 'lock-table',
  title: 'A table is locked by hand',
  check: (review) => {
    if (review.statement.kind !== 'LockStmt') return [];
    return effectsOnOthers(review)
      .filter(({ lock }) => blocksWrites(lock))
      .map(({ table, lock }) => ({
        object: table,
        detail: `it stays locked in ${lock} mode until the transaction ends, and writers wait for all of it`,
        remedy:
          'let a trigger or a constraint keep the rows correct while others write; then no lock is needed',
      }));
  },
};
