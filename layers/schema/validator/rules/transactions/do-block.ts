import { strengthOf } from '../../effects/lock-modes.ts';
import { effectsOnOthers } from '../../review.ts';
import type { Rule } from '../rule.ts';

export const doBlock: Rule = {
  name: 'do-block',
  title: 'A DO block changes tables in use, or does what its text does not say',
  check: (review) => {
    const { statement, unreadable } = review;
    if (statement.kind === 'DoStmt') {
      return unreadable.slice(0, 1).map((what) => ({
        object: 'the DO block',
        detail: `what it runs is known only then: ${what}`,
        remedy:
          'write the statements one by one, so that each is checked, locks alone and can be tried again',
      }));
    }
    const changed = effectsOnOthers(review).find(
      ({ lock }) => strengthOf(lock) >= strengthOf('SHARE UPDATE EXCLUSIVE'),
    );
    if (!statement.isInDo || !changed) return [];
    return [
      {
        object: changed.table,
        detail: `a DO block takes its ${changed.lock} lock and keeps it until the block ends`,
        remedy: 'write the statement outside of the block, in a file that does no more than that',
      },
    ];
  },
};
