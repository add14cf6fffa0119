import type { Review } from '../../review.ts';
import { as } from '../../syntax/nodes.ts';
import type { Rule } from '../rule.ts';

export const notRepeatable: Rule = {
  name: 'not-repeatable',
  title: 'A file that fails half way cannot be run again',
  check: (review) => {
    const { file, statement, transaction } = review;
    const isAlone = file.statements.filter(({ kind }) => kind !== 'VariableSetStmt').length < 2;
    if (file.runner !== 'statement' || transaction !== undefined || statement.isInDo || isAlone) return [];
    const missing = missingCondition(review);
    if (!missing) return [];
    return [
      {
        object: file.file,
        detail: `outside a transaction, a second run fails at this statement: it has no "${missing}"`,
        remedy: `write "${missing}", or put the file between begin and commit`,
      },
    ];
  },
};

function missingCondition({ statement: { node } }: Review): string | undefined {
  const made =
    as(node, 'CreateStmt') ??
    as(node, 'IndexStmt') ??
    as(node, 'CreateSeqStmt') ??
    as(node, 'CreateSchemaStmt');
  if (made) return made.if_not_exists ? undefined : 'if not exists';
  const drop = as(node, 'DropStmt');
  if (drop) return drop.missing_ok ? undefined : 'if exists';
  for (const command of as(node, 'AlterTableStmt')?.cmds ?? []) {
    const { subtype, missing_ok } = as(command, 'AlterTableCmd') ?? {};
    if (subtype === 'AT_AddColumn' && !missing_ok) return 'if not exists';
    if ((subtype === 'AT_DropColumn' || subtype === 'AT_DropConstraint') && !missing_ok) return 'if exists';
  }
  return undefined;
}
