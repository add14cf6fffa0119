import { as } from '../../syntax/nodes.ts';
import type { Rule } from '../rule.ts';

/** PREPARE TRANSACTION keeps the locks of a transaction past the session: it ends nothing. */
const beginnings = new Set(['TRANS_STMT_BEGIN', 'TRANS_STMT_START', 'TRANS_STMT_PREPARE']);
const endings = new Set([
  'TRANS_STMT_COMMIT',
  'TRANS_STMT_ROLLBACK',
  'TRANS_STMT_COMMIT_PREPARED',
  'TRANS_STMT_ROLLBACK_PREPARED',
]);

export const transactionLeftOpen: Rule = {
  name: 'transaction-left-open',
  title: 'A transaction is begun and never committed',
  check: ({ statement, file }) => {
    const isLast = statement === file.statements.at(-1);
    const last = file.statements
      .map(({ node }) => as(node, 'TransactionStmt')?.kind ?? '')
      .findLast((kind) => endings.has(kind) || beginnings.has(kind));
    if (file.runner !== 'statement' || !isLast || !last || endings.has(last)) return [];
    return [
      {
        object: file.file,
        detail: 'nothing of it is kept, and its locks last until the session ends',
        remedy: 'commit; at the end',
      },
    ];
  },
};
