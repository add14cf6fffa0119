import { notNullEffects } from '../../effects/add-constraint.ts';
import { alterCommands } from '../../review.ts';
import { constraintOf } from '../../schema/constraints.ts';
import { as } from '../../syntax/nodes.ts';
import type { Rule } from '../rule.ts';

export const setNotNullScans: Rule = {
  name: 'set-not-null-scans',
  title: 'A column must not be null any more, and all rows are searched while others wait',
  check: (review) =>
    alterCommands(review).flatMap(({ table, command }) => {
      const columns = columnsOf(review, table, command);
      const [effect] = columns ? notNullEffects(review.schema, table, columns) : [];
      if (effect?.work !== 'scan') return [];
      return [
        {
          object: `${table}.${columns?.join(', ')}`,
          detail: 'nobody can read or write while every row is searched for a null',
          remedy:
            'add a check (column is not null) as not valid, validate it in a later file, then set not null, which finds it proven',
        },
      ];
    }),
};

function columnsOf(
  { schema }: Parameters<Rule['check']>[0],
  table: string,
  command: ReturnType<typeof alterCommands>[number]['command'],
): readonly string[] | undefined {
  if (command.subtype === 'AT_SetNotNull') return [command.name ?? ''];
  const clause = as(command.def, 'Constraint');
  if (command.subtype !== 'AT_AddConstraint' || !clause || clause.skip_validation) return undefined;
  const isKey = clause.contype === 'CONSTR_PRIMARY' && clause.indexname;
  if (!isKey && clause.contype !== 'CONSTR_NOTNULL') return undefined;
  return constraintOf(schema, table, clause)?.columns;
}
