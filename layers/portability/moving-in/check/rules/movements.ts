import { entryKinds } from '#ledger/entries.ts';
import { maxReferenceCharacters, Reference } from '#ledger/input.ts';
import { greatestQuantity } from '#ledger/posting-rules.ts';
import { formFault } from '../code-map.ts';
import type { RowRule, SetRule } from '../rule.ts';

const table = 'movements';
const kinds = entryKinds.filter((kind) => kind !== 'reversal').map((kind) => `'${kind}'`);

export const quantity: RowRule = {
  id: 'quantity',
  table,
  fits: `t.quantity <> 0 and t.quantity <> 'NaN' and abs(t.quantity) <= ${greatestQuantity} and t.quantity = round(t.quantity, 4)`,
  value: 't.quantity',
  rule: 'a quantity is a number of at most fifteen digits, four of them decimals, and not zero',
  remedy:
    'Write what was moved (update inventory.movements set quantity = … where id = …), or delete the row.',
};

export const kind: RowRule = {
  id: 'kind',
  table,
  fits: `t.kind in (${kinds.join(', ')})`,
  value: 't.kind',
  rule: `a movement is one of ${entryKinds.filter((each) => each !== 'reversal').join(', ')}`,
  remedy: `Write the kind it is, or 'adjustment'.`,
};

export const reference: RowRule = {
  id: 'reference',
  table,
  // References of plain characters need no second look. An empty one is none.
  fits: `coalesce(t.reference, '') = '' or t.reference ~ '^[!-~]([ -~]{0,${maxReferenceCharacters - 2}}[!-~])?$'`,
  value: 't.reference',
  judge: (value) => formFault(value ?? '', Reference),
  rule: `a reference is visible text of 1 to ${maxReferenceCharacters} characters in the normal form NFC: it`,
  remedy:
    'Write it in that form (update inventory.movements set reference = normalize(btrim(reference)) where id = …).',
};

/** Ids of entries tell their order: a seal closes the ledger up to the newest one. */
export const movementId = (newestId: string): RowRule => ({
  id: 'movement-id',
  table,
  fits: `t.id > '00000000-0000-0000-0000-000000000000' and t.id <= '${newestId}'`,
  value: 't.id',
  rule: 'the id of a movement is older than the ids of the movements to come, because the ledger is closed up to an id: this one is newer than now',
  remedy: 'Give it a new id: update inventory.movements set id = inventory.new_id() where id = ….',
});

export const recordedAt: RowRule = {
  id: 'recorded-at',
  table,
  // The column rounds to milliseconds, up as well. Instants out of all bounds have a rule of their own.
  fits: `t.recorded_at <= clock_timestamp() + interval '1 millisecond' or t.recorded_at >= '10000-01-01Z'`,
  value: 't.recorded_at',
  rule: 'a movement was recorded in the past',
  remedy: 'Write when it was recorded, at the latest now.',
};

/** Balances are kept for each item and location. */
export const balanceDigits: SetRule = {
  id: 'balance-digits',
  query: () =>
    `select 'movements' as table, m.item_id || ' ' || m.location_id as id, sum(m.quantity)::text as value
     from inventory.movements m
     where m.quantity <> 'NaN'
     group by m.item_id, m.location_id
     having abs(sum(m.quantity)) > ${greatestQuantity}`,
  rule: 'what the movements of an item at a location add up to has at most eleven digits before the point',
  remedy: 'Correct the movements of this item and location, or count the item in a larger unit.',
};
