import { as } from '../../syntax/nodes.ts';
import type { Rule } from '../rule.ts';

const begins = new Set(['TRANS_STMT_BEGIN', 'TRANS_STMT_START']);
const ends = new Set(['TRANS_STMT_COMMIT', 'TRANS_STMT_ROLLBACK']);

export const transactionControl: Rule = {
  name: 'transaction-control',
  title: 'BEGIN or COMMIT stands where another transaction is, or none',
  check: ({ statement, transaction, file }) => {
    const kind = as(statement.node, 'TransactionStmt')?.kind ?? '';
    const word = statement.text.split(/\s/)[0]?.toLowerCase();
    if (!begins.has(kind) && !ends.has(kind)) return [];
    if (file.runner !== 'statement') {
      return [
        {
          object: file.file,
          detail: `"${word}" controls the transaction in which the file runs`,
          remedy: 'remove it; what needs a transaction of its own needs a file of its own',
        },
      ];
    }
    if (begins.has(kind) === (transaction === undefined)) return [];
    return [
      {
        object: file.file,
        detail: begins.has(kind)
          ? 'a transaction is open already'
          : `"${word}" ends a transaction that nobody began`,
        remedy: 'let each begin have its commit',
      },
    ];
  },
};
