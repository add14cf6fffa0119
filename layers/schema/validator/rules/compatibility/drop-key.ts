import { alterCommands } from '../../review.ts';
import { qualified } from '../../syntax/nodes.ts';
import type { Rule } from '../rule.ts';
import { dropped, inContract } from './destructive.ts';

const indexes = new Set(['OBJECT_INDEX']);

export const dropKey: Rule = {
  name: 'drop-key',
  title: 'A unique or primary key is dropped that the release before relies on',
  check: (review) => [
    ...dropped(review, indexes)
      .filter((name) => {
        const index = review.schema.indexes.get(qualified(name.split('.')));
        return index?.isUnique && !review.isNew(index.table);
      })
      .map(fault),
    ...alterCommands(review).flatMap(({ table, command }) => {
      if (command.subtype !== 'AT_DropConstraint' || review.file.isContract) return [];
      const kind = review.schema.table(table)?.constraints.get(command.name ?? '')?.kind;
      const isKey =
        kind === 'unique' || kind === 'primary key' || (!kind && /_(?:pkey|key)$/.test(command.name ?? ''));
      if (!isKey) return [];
      return [fault(`${table}.${command.name}`)];
    }),
  ],
};

function fault(object: string) {
  return {
    object,
    detail: 'its "on conflict" fails, and two rows that it takes for one are both stored',
    remedy: inContract,
  };
}
