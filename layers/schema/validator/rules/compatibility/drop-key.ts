import { alterCommands } from '../../review.ts';
import type { Rule } from '../rule.ts';
import { inContract } from './destructive.ts';

export const dropKey: Rule = {
  name: 'drop-key',
  title: 'A unique or primary key is dropped that the release before relies on',
  check: (review) =>
    alterCommands(review).flatMap(({ table, command }) => {
      if (command.subtype !== 'AT_DropConstraint' || review.file.isContract) return [];
      const kind = review.schema.table(table)?.constraints.get(command.name ?? '')?.kind;
      const isKey =
        kind === 'unique' || kind === 'primary key' || (!kind && /_(?:pkey|key)$/.test(command.name ?? ''));
      if (!isKey) return [];
      return [
        {
          object: `${table}.${command.name}`,
          detail: 'its "on conflict" fails, and two rows that it takes for one are both stored',
          remedy: inContract,
        },
      ];
    }),
};
