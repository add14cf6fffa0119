import { alterCommands, effectsOnOthers } from '../../review.ts';
import type { KnownSchema } from '../../schema/known-schema.ts';
import { as } from '../../syntax/nodes.ts';
import type { Rule } from '../rule.ts';

export const partitionAttachScans: Rule = {
  name: 'partition-attach-scans',
  title: 'A table becomes a partition and is searched meanwhile',
  check: (review) => {
    const isAttached = alterCommands(review).some(({ command }) => command.subtype === 'AT_AttachPartition');
    const isCreated = as(review.statement.node, 'CreateStmt')?.partbound !== undefined;
    if (!isAttached && !isCreated) return [];
    return effectsOnOthers(review)
      .filter(({ work }) => work === 'scan')
      .map(({ table }) => ({
        object: table,
        detail: 'it is locked in ACCESS EXCLUSIVE mode while every row is compared with the bounds',
        remedy: isDefault(review.schema, table)
          ? 'do without a default partition: detach it concurrently, move its rows, and create the partitions ahead of time'
          : 'add a check with the bounds as not valid, validate it in a later file, attach, and drop the check',
      }));
  },
};

function isDefault(schema: KnownSchema, table: string): boolean {
  return [...schema.tables.values()].some(({ defaultPartition }) => defaultPartition === table);
}
