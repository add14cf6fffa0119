import { alterCommands } from '../../review.ts';
import type { Rule } from '../rule.ts';
import { inContract } from './destructive.ts';

export const dropNotNull: Rule = {
  name: 'drop-not-null',
  title: 'A column may be null, and the release before does not expect it',
  check: (review) =>
    alterCommands(review).flatMap(({ table, command }) => {
      if (command.subtype !== 'AT_DropNotNull' || review.file.isContract) return [];
      return [
        {
          object: `${table}.${command.name}`,
          detail: 'the release before meets a null where there was none',
          remedy: inContract,
        },
      ];
    }),
};
