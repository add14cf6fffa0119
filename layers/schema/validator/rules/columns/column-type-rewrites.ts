import { typeChangeWork } from '../../effects/column-type.ts';
import { alterCommands } from '../../review.ts';
import type { Rule } from '../rule.ts';

export const columnTypeRewrites: Rule = {
  name: 'column-type-rewrites',
  title: 'A column takes another type, and all rows are read or written while others wait',
  check: (review) =>
    alterCommands(review).flatMap(({ table, command }) => {
      if (command.subtype !== 'AT_AlterColumnType') return [];
      const { work, because } = typeChangeWork(review.schema, table, command);
      if (work === 'none') return [];
      return [
        {
          object: `${table}.${command.name}`,
          detail: `${because}; every row is ${work === 'rewrite' ? 'written again' : 'read'} under an ACCESS EXCLUSIVE lock`,
          remedy:
            'add a column of the new type, let a trigger keep both, fill it with a "--! backfill" file, and drop the old one in a contract',
        },
      ];
    }),
};
