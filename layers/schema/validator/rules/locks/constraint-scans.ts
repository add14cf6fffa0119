import { addColumnEffects } from '../../effects/add-column.ts';
import { alterCommands } from '../../review.ts';
import { clausesOf, constraintOf } from '../../schema/constraints.ts';
import { as } from '../../syntax/nodes.ts';
import type { Rule } from '../rule.ts';

const waits: Readonly<Record<string, string>> = {
  check: 'nobody can read or write while every row is verified',
  'foreign key': 'nobody can write to either table while every reference is looked up',
};

export const constraintScans: Rule = {
  name: 'constraint-scans',
  title: 'A constraint verifies all rows while others wait',
  check: (review) =>
    alterCommands(review).flatMap(({ table, command }) => {
      const clause = as(command.def, 'Constraint');
      const isUnchecked = clause?.skip_validation || clause?.is_enforced === false;
      const added = clause && !isUnchecked ? constraintOf(review.schema, table, clause) : undefined;
      if (command.subtype === 'AT_AddConstraint' && added && waits[added.kind]) {
        return [
          {
            object: table,
            detail: `${added.name}: ${waits[added.kind]}`,
            remedy: `add constraint ${added.name} … not valid here, and validate constraint ${added.name} in a later file`,
          },
        ];
      }
      const column = command.subtype === 'AT_AddColumn' ? as(command.def, 'ColumnDef') : undefined;
      const scan =
        column && addColumnEffects(review.schema, table, column).find(({ work }) => work === 'scan');
      const isKey = column && clausesOf(column).some(({ contype }) => /UNIQUE|PRIMARY/.test(contype ?? ''));
      if (!column || !scan || isKey || !/check|reference/.test(scan.because)) return [];
      return [
        {
          object: `${table}.${column.colname}`,
          detail: `${scan.because} while nobody can read or write, although the column is new`,
          remedy:
            'add the column without the constraint, add the constraint as not valid, and validate it in a later file',
        },
      ];
    }),
};
