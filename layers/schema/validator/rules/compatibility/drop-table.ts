import { qualified } from '../../syntax/nodes.ts';
import type { Rule } from '../rule.ts';
import { dropped, inContract } from './destructive.ts';

const types = new Set(['OBJECT_TABLE', 'OBJECT_VIEW', 'OBJECT_MATVIEW', 'OBJECT_FOREIGN_TABLE']);

export const dropTable: Rule = {
  name: 'drop-table',
  title: 'A table or view is dropped that the release before still uses',
  check: (review) =>
    dropped(review, types)
      .filter((name) => !review.isNew(qualified(name.split('.'))))
      .map((name) => ({
        object: name,
        detail: 'every statement of the release before that names it fails, and its rows are gone',
        remedy: inContract,
      })),
};
