import { alterCommands } from '../../review.ts';
import { as } from '../../syntax/nodes.ts';
import type { Rule } from '../rule.ts';

export const exclusionConstraint: Rule = {
  name: 'exclusion-constraint',
  title: 'An exclusion constraint is added to a table in use',
  check: (review) =>
    alterCommands(review).flatMap(({ table, command }) => {
      if (as(command.def, 'Constraint')?.contype !== 'CONSTR_EXCLUSION') return [];
      return [
        {
          object: table,
          detail:
            'its index is built under an ACCESS EXCLUSIVE lock, and it can be neither concurrent nor not valid',
          remedy:
            'create a new table with the constraint, copy the rows in batches, and change over in a contract',
        },
      ];
    }),
};
