import { alterCommands } from '../../review.ts';
import type { Rule } from '../rule.ts';
import { faultsOfType } from './new-columns.ts';

export const jsonColumn: Rule = {
  name: 'json-column',
  title: 'A json column joins a table in use',
  check: (review) =>
    alterCommands(review).length === 0
      ? []
      : faultsOfType(
          review,
          /^json$/,
          'json has no equality: "select distinct *" and "union" of the release before fail from now on',
          'jsonb',
        ),
};
