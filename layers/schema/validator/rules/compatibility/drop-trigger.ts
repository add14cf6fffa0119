import type { Rule } from '../rule.ts';
import { dropped, inContract } from './destructive.ts';

export const dropTrigger: Rule = {
  name: 'drop-trigger',
  title: 'A trigger is dropped that keeps rows correct',
  check: (review) =>
    dropped(review, new Set(['OBJECT_TRIGGER', 'OBJECT_RULE'])).map((name) => ({
      object: name,
      detail: 'what it checked or filled in for the release before is not done any more',
      remedy: inContract,
    })),
};
