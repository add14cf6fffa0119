import { alterCommands, effectsOnOthers } from '../../review.ts';
import { as, nameOf } from '../../syntax/nodes.ts';
import type { Rule } from '../rule.ts';

export const partitionAttachScans: Rule = {
  name: 'partition-attach-scans',
  title: 'A table becomes a partition and is searched meanwhile',
  check: (review) =>
    alterCommands(review).flatMap(({ command }) => {
      const part = nameOf(as(command.def, 'PartitionCmd')?.name);
      const effect = effectsOnOthers(review).find(({ table }) => table === part);
      if (command.subtype !== 'AT_AttachPartition' || effect?.work !== 'scan') return [];
      return [
        {
          object: part,
          detail: 'it is locked in ACCESS EXCLUSIVE mode while every row is compared with the bounds',
          remedy:
            'add a check with the bounds as not valid, validate it in a later file, attach, and drop the check',
        },
      ];
    }),
};
