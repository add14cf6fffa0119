import { as, stringsOf } from '../../syntax/nodes.ts';
import type { Rule } from '../rule.ts';

export const renameEnumValue: Rule = {
  name: 'rename-enum-value',
  title: 'A value of an enum is renamed while programs run',
  check: ({ statement: { node } }) => {
    const change = as(node, 'AlterEnumStmt');
    if (!change?.oldVal) return [];
    return [
      {
        object: stringsOf(change.typeName).join('.'),
        detail: `a release that writes or compares with "${change.oldVal}" fails from now on`,
        remedy: `add value '${change.newVal}', write it from the next release on, and fill the old rows`,
      },
    ];
  },
};
