import { serialTypes } from '../../effects/add-column.ts';
import type { Rule } from '../rule.ts';
import { faultsOfType } from './new-columns.ts';

export const serialColumn: Rule = {
  name: 'serial-column',
  title: 'A serial column',
  check: (review) =>
    faultsOfType(
      review,
      serialTypes,
      'its sequence has an owner and privileges of its own, and everyone may write another number',
      'bigint generated always as identity',
    ),
};
