import type { Rule } from '../rule.ts';
import { faultsOfType } from './new-columns.ts';

export const charType: Rule = {
  name: 'char-type',
  title: 'A column of the type char(n)',
  check: (review) =>
    faultsOfType(
      review,
      /^bpchar/,
      'its values are padded with blanks, which comparisons ignore and lengths do not count',
      'text, with a check of its length',
    ),
};
