import { alterCommands } from '../../review.ts';
import { as, nameOf } from '../../syntax/nodes.ts';
import type { Rule } from '../rule.ts';

export const partitionDetachNotConcurrent: Rule = {
  name: 'partition-detach-not-concurrent',
  title: 'A partition is detached under a lock of the whole table',
  check: (review) =>
    alterCommands(review).flatMap(({ table, command }) => {
      const part = as(command.def, 'PartitionCmd');
      if (command.subtype !== 'AT_DetachPartition' || part?.concurrent) return [];
      return [
        {
          object: table,
          detail: `detaching ${nameOf(part?.name)} locks every partition in ACCESS EXCLUSIVE mode`,
          remedy: 'alter table … detach partition … concurrently, outside a transaction',
        },
      ];
    }),
};
