import type { Rule } from '../rule.ts';
import { faultsOfType } from './new-columns.ts';

export const varcharLimit: Rule = {
  name: 'varchar-limit',
  title: 'A column of the type varchar(n)',
  check: (review) =>
    faultsOfType(
      review,
      /^varchar\(/,
      'a shorter limit later means to write the table again, and the limit cannot be added as not valid',
      'text, with a check of its length',
    ),
};
