import { as } from '../../syntax/nodes.ts';
import type { Rule } from '../rule.ts';

export const transactionLeftOpen: Rule = {
  name: 'transaction-left-open',
  title: 'A transaction is begun and never committed',
  check: ({ statement, transaction, file }) => {
    const isLast = statement === file.statements.at(-1);
    const kind = as(statement.node, 'TransactionStmt')?.kind;
    const isOpen = transaction !== undefined || kind === 'TRANS_STMT_BEGIN' || kind === 'TRANS_STMT_START';
    const isEnd = kind === 'TRANS_STMT_COMMIT' || kind === 'TRANS_STMT_ROLLBACK';
    if (file.runner !== 'statement' || !isLast || !isOpen || isEnd) return [];
    return [
      {
        object: file.file,
        detail: 'nothing of it is kept, and its locks last until the session ends',
        remedy: 'commit; at the end',
      },
    ];
  },
};
