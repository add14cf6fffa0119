import type { Rule } from '../rule.ts';
import { dropped, inContract } from './destructive.ts';

const types = new Set([
  'OBJECT_SCHEMA',
  'OBJECT_TYPE',
  'OBJECT_DOMAIN',
  'OBJECT_FUNCTION',
  'OBJECT_PROCEDURE',
  'OBJECT_ROUTINE',
  'OBJECT_AGGREGATE',
  'OBJECT_SEQUENCE',
  'OBJECT_EXTENSION',
]);

export const dropObject: Rule = {
  name: 'drop-object',
  title: 'A function, type, sequence or schema is dropped that the release before still uses',
  check: (review) =>
    dropped(review, types).map((name) => ({
      object: name,
      detail: 'the release before still calls it by name',
      remedy: inContract,
    })),
};
