import { as, stringsOf } from '../../syntax/nodes.ts';
import type { Rule } from '../rule.ts';

export const enumValueOrder: Rule = {
  name: 'enum-value-order',
  title: 'A value of an enum without its place',
  check: ({ statement: { node } }) => {
    const change = as(node, 'AlterEnumStmt');
    if (!change?.newVal || change.oldVal || change.newValNeighbor) return [];
    return [
      {
        object: stringsOf(change.typeName).join('.'),
        detail: `"${change.newVal}" sorts after all others, and no later migration can move it`,
        remedy: `add value '${change.newVal}' before … or after …`,
      },
    ];
  },
};
