import { clausesOf } from '../../schema/constraints.ts';
import { allOf, as, stringsOf } from '../../syntax/nodes.ts';
import type { Rule } from '../rule.ts';
import { newColumns } from './new-columns.ts';

export const integerKey: Rule = {
  name: 'integer-key',
  title: 'A key that runs out of numbers',
  check: (review) => {
    const clauses = allOf(as(review.statement.node, 'CreateStmt')?.tableElts, 'Constraint');
    const keys = clauses
      .filter(({ contype }) => contype === 'CONSTR_PRIMARY')
      .map(({ keys }) => stringsOf(keys).join());
    return newColumns(review)
      .filter(({ type }) => /^int[24]$|^(?:small)?serial[24]?$/.test(type))
      .filter(
        ({ column }) =>
          keys.includes(column.colname ?? '') ||
          clausesOf(column).some(
            ({ contype }) => contype === 'CONSTR_PRIMARY' || contype === 'CONSTR_IDENTITY',
          ),
      )
      .map(({ table, column, type }) => ({
        object: `${table}.${column.colname}`,
        detail: `${type.includes('2') || type.startsWith('small') ? '32,767' : '2,147,483,647'} rows are the end, and a larger type means to write the table again`,
        remedy: 'bigint, or uuid',
      }));
  },
};
