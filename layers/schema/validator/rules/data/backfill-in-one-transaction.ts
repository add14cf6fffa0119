import { targetOf } from '../../effects/data-effects.ts';
import type { Rule } from '../rule.ts';
import { isBounded } from './bounded.ts';
import { isUnconditional } from './whole-table-write.ts';

export const backfillInOneTransaction: Rule = {
  name: 'backfill-in-one-transaction',
  title: 'Rows of a table in use are filled or deleted in one transaction',
  check: (review) => {
    const { statement, file, isNew } = review;
    const target = targetOf(statement.node);
    if (!target || statement.kind === 'CopyStmt' || file.way === 'backfill' || isBounded(review)) return [];
    if (isUnconditional(statement.node)) return [];
    const isOnlyRead = isNew(target);
    return [
      {
        object: target,
        detail: isOnlyRead
          ? 'it is filled from a table in use in one long transaction, which keeps old rows of every table from being cleaned up'
          : 'however many rows there are, they stay locked until the transaction ends, and nothing can be continued after a failure',
        remedy: 'write a "--! backfill" file: batches, a checkpoint, and pauses',
      },
    ];
  },
};
