import { alterCommands } from '../../review.ts';
import { as } from '../../syntax/nodes.ts';
import type { Fault, Rule } from '../rule.ts';

export const disableTrigger: Rule = {
  name: 'disable-trigger',
  title: 'Triggers are switched off',
  check: (review) => [
    ...alterCommands(review).flatMap(({ table, command }) =>
      /^AT_Disable(?:Trig|Rule)/.test(command.subtype ?? '')
        ? [
            fault(
              table,
              'they are off for everybody: what others write meanwhile is neither checked nor counted',
            ),
          ]
        : [],
    ),
    ...(isReplica(review.statement.node)
      ? [fault('session_replication_role', 'foreign keys and triggers do not apply to what follows')]
      : []),
  ],
};

function isReplica(node: Parameters<typeof as>[0]): boolean {
  const setting = as(node, 'VariableSetStmt');
  const value = as(setting?.args?.[0], 'A_Const')?.sval?.sval;
  return (
    setting?.name === 'session_replication_role' && value !== 'origin' && setting.kind === 'VAR_SET_VALUE'
  );
}

function fault(object: string, detail: string): Fault {
  return {
    object,
    detail,
    remedy: 'let the trigger itself know what it must pass over: a setting of the transaction, or a column',
  };
}
