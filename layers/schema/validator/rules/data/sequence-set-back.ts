import type { Node } from 'libpg-query';
import type { Review } from '../../review.ts';
import { alterCommands } from '../../review.ts';
import { allOf, as, everyNode, nameOf, stringsOf } from '../../syntax/nodes.ts';
import type { Rule } from '../rule.ts';

export const sequenceSetBack: Rule = {
  name: 'sequence-set-back',
  title: 'A sequence is set to another number',
  check: (review) =>
    setSequences(review).map((object) => ({
      object,
      detail: 'programs draw from it meanwhile: a number that is drawn twice makes an insert fail',
      remedy: 'leave it as it is: numbers have gaps anyway',
    })),
};

function setSequences(review: Review): string[] {
  const { statement, file } = review;
  const { node } = statement;
  const altered = as(node, 'AlterSeqStmt');
  if (altered?.sequence && isRestart(altered.options)) {
    const name = nameOf(altered.sequence);
    return file.statements.some((each) => nameOf(as(each.node, 'CreateSeqStmt')?.sequence) === name)
      ? []
      : [name];
  }
  const columns = alterCommands(review).filter(
    ({ command }) => command.subtype === 'AT_SetIdentity' && isRestart(as(command.def, 'List')?.items),
  );
  if (columns.length > 0) return columns.map(({ table, command }) => `${table}.${command.name}`);
  if (statement.kind !== 'SelectStmt') return [];
  return [...everyNode(node)].flatMap((each) => {
    const call = as(each, 'FuncCall');
    return call && stringsOf(call.funcname).at(-1) === 'setval' ? [sequenceOf(call.args)] : [];
  });
}

function isRestart(options: readonly Node[] | undefined): boolean {
  return allOf(options, 'DefElem').some(({ defname }) => defname === 'restart');
}

function sequenceOf(args: readonly Node[] | undefined): string {
  const constant = as(as(args?.[0], 'TypeCast')?.arg ?? args?.[0], 'A_Const');
  return constant?.sval?.sval ?? 'a sequence';
}
