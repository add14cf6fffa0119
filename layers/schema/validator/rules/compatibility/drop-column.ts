import { alterCommands } from '../../review.ts';
import type { Rule } from '../rule.ts';
import { inContract } from './destructive.ts';

export const dropColumn: Rule = {
  name: 'drop-column',
  title: 'A column is dropped that the release before still uses',
  check: (review) =>
    alterCommands(review).flatMap(({ table, command }) => {
      if (command.subtype !== 'AT_DropColumn' || review.file.isContract) return [];
      return [
        {
          object: `${table}.${command.name}`,
          detail: 'every statement of the release before that names it fails, and its values are gone',
          remedy: inContract,
        },
      ];
    }),
};
