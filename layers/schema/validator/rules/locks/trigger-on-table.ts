import { type Review, stalledTables } from '../../review.ts';
import { allOf, as, nameOf } from '../../syntax/nodes.ts';
import type { Rule } from '../rule.ts';

export const triggerOnTable: Rule = {
  name: 'trigger-on-table',
  title: 'A trigger is created on a table in use, among other statements',
  check: (review) => {
    const trigger = as(review.statement.node, 'CreateTrigStmt');
    const table = nameOf(trigger?.relation);
    if (!trigger || review.isNew(table)) return [];
    const others = (review.transaction ?? []).filter((each) => !isOfTriggers(each, table));
    const isBusy = (each: Review) => stalledTables(each).some((other) => other !== table) || works(each);
    if (!others.some(isBusy)) return [];
    return [
      {
        object: table,
        detail: `${trigger.trigname} locks out writers (SHARE ROW EXCLUSIVE) in a transaction that does more than that`,
        remedy: 'create the triggers of a table in a file of their own: then the lock lasts for an instant',
      },
    ];
  },
};

function isOfTriggers({ statement: { node } }: Review, table: string): boolean {
  const created = as(node, 'CreateTrigStmt');
  if (created) return nameOf(created.relation) === table;
  const commands = allOf(as(node, 'AlterTableStmt')?.cmds, 'AlterTableCmd');
  return commands.length > 0 && commands.every(({ subtype }) => /Trig/.test(subtype ?? ''));
}

function works({ effects }: Review): boolean {
  return effects.tables.some(({ work }) => work !== 'none');
}
