import type { Rule } from '../rule.ts';

export const concurrentlyInTransaction: Rule = {
  name: 'concurrently-in-transaction',
  title: 'A concurrent statement stands inside a transaction',
  check: ({ statement, effects, transaction, file }) => {
    if (!effects.waitsForOthers || transaction === undefined) return [];
    return [
      {
        object: effects.tables[0]?.table ?? statement.kind,
        detail: 'Postgres refuses it there',
        remedy:
          file.runner === 'stockade'
            ? 'begin the file with "--! concurrently": its statements run one by one, outside a transaction'
            : 'put it into a file that runs outside a transaction',
      },
    ];
  },
};
