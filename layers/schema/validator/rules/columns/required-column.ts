import { alterCommands } from '../../review.ts';
import { clausesOf } from '../../schema/constraints.ts';
import { as } from '../../syntax/nodes.ts';
import type { Rule } from '../rule.ts';

const filling = new Set(['CONSTR_DEFAULT', 'CONSTR_GENERATED', 'CONSTR_IDENTITY']);

export const requiredColumn: Rule = {
  name: 'required-column',
  title: 'A new column is required, and nobody fills it',
  check: (review) =>
    alterCommands(review).flatMap(({ table, command }) => {
      const column = as(command.def, 'ColumnDef');
      if (command.subtype !== 'AT_AddColumn' || !column) return [];
      const clauses = clausesOf(column);
      const isRequired = clauses.some(
        ({ contype }) => contype === 'CONSTR_NOTNULL' || contype === 'CONSTR_PRIMARY',
      );
      const isFilled = clauses.some(({ contype }) => filling.has(contype ?? ''));
      if (!isRequired || isFilled) return [];
      return [
        {
          object: `${table}.${column.colname}`,
          detail: 'it fails on a table with rows, and the release before inserts rows without it',
          remedy: 'add it nullable or with a constant default, fill it, and require it in a contract',
        },
      ];
    }),
};
