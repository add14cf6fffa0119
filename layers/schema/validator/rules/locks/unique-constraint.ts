import { alterCommands } from '../../review.ts';
import { clausesOf } from '../../schema/constraints.ts';
import { as } from '../../syntax/nodes.ts';
import type { Rule } from '../rule.ts';

const keys = new Set(['CONSTR_UNIQUE', 'CONSTR_PRIMARY']);

export const uniqueConstraint: Rule = {
  name: 'unique-constraint',
  title: 'The index of a key is built while nobody can read or write',
  check: (review) =>
    alterCommands(review).flatMap(({ table, command }) => {
      const column = as(command.def, 'ColumnDef');
      const clauses = [as(command.def, 'Constraint') ?? [], column ? clausesOf(column) : []].flat();
      const isBuilt = clauses.some(({ contype, indexname }) => keys.has(contype ?? '') && !indexname);
      if (!isBuilt || (command.subtype !== 'AT_AddConstraint' && command.subtype !== 'AT_AddColumn'))
        return [];
      return [
        {
          object: table,
          detail: 'a unique or primary key without an index builds one under an ACCESS EXCLUSIVE lock',
          remedy:
            'create unique index concurrently … in a file of its own, then add constraint … unique using index …',
        },
      ];
    }),
};
