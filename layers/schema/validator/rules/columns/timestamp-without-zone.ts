import type { Rule } from '../rule.ts';
import { faultsOfType } from './new-columns.ts';

export const timestampWithoutZone: Rule = {
  name: 'timestamp-without-zone',
  title: 'An instant without its time zone',
  check: (review) =>
    faultsOfType(
      review,
      /^timestamp(?:\(|$)/,
      'which instant it is depends on the time zone of the session that wrote it',
      'timestamptz',
    ),
};
