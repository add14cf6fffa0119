import { alterCommands } from '../../review.ts';
import type { Rule } from '../rule.ts';
import { inContract } from './destructive.ts';

export const dropDefault: Rule = {
  name: 'drop-default',
  title: 'A default is dropped that the release before relies on',
  check: (review) =>
    alterCommands(review).flatMap(({ table, command }) => {
      const isDrop = command.subtype === 'AT_ColumnDefault' && !command.def;
      const column = review.schema.column(table, command.name ?? '');
      if (!isDrop || review.file.isContract || column?.isNotNull === false) return [];
      return [
        {
          object: `${table}.${command.name}`,
          detail: 'a release that inserts rows without it fails from now on',
          remedy: inContract,
        },
      ];
    }),
};
