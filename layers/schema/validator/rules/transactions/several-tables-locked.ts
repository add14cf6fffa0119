import { stalledTables } from '../../review.ts';
import type { Rule } from '../rule.ts';

export const severalTablesLocked: Rule = {
  name: 'several-tables-locked',
  title: 'One transaction locks several tables in use',
  check: (review) => {
    const held = (review.transaction ?? []).flatMap(stalledTables);
    const [more] = stalledTables(review).filter((table) => !held.includes(table));
    if (!more || held.length === 0) return [];
    return [
      {
        object: more,
        detail: `while it waits for this lock, ${[...new Set(held)].join(' and ')} ${new Set(held).size > 1 ? 'stay' : 'stays'} locked, and two that wait for each other deadlock`,
        remedy: 'write one file for each table: a file waits for one lock and lets go of it at once',
      },
    ];
  },
};
