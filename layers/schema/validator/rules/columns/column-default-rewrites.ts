import { addColumnEffects } from '../../effects/add-column.ts';
import { alterCommands } from '../../review.ts';
import { as } from '../../syntax/nodes.ts';
import type { Rule } from '../rule.ts';

export const columnDefaultRewrites: Rule = {
  name: 'column-default-rewrites',
  title: 'A new column has another value in every row, and the table is written again while others wait',
  check: (review) =>
    alterCommands(review).flatMap(({ table, command }) => {
      const column = as(command.def, 'ColumnDef');
      if (command.subtype !== 'AT_AddColumn' || !column) return [];
      const rewrite = addColumnEffects(review.schema, table, column).find(({ work }) => work === 'rewrite');
      if (!rewrite) return [];
      return [
        {
          object: `${table}.${column.colname}`,
          detail: `${rewrite.because}; the table is written again under an ACCESS EXCLUSIVE lock`,
          remedy:
            'add the column without it, set the default for new rows, and fill the old ones with a "--! backfill" file',
        },
      ];
    }),
};
