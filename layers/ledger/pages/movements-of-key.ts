import type { PageRequest } from '#platform/page.ts';
import { linesAfter, type Period, rangeOf, startOf } from './movement-range.ts';
import { type Statement, Values } from './statement.ts';

/** At least one of `sku` and `location`. */
export interface KeyFilter extends Period {
  readonly sku?: string | undefined;
  readonly location?: string | undefined;
}

/** The movements of an item, at a location, or both. */
export function pageOfKey(filter: KeyFilter, page: PageRequest): Statement {
  const values = new Values();
  const most = values.add(page.limit + 1);
  return [`with ${keyOf(filter, values)} ${movementsOfKey(filter, page.after, most, values)}`, values.list];
}

/** Finds what the filter names, once. */
export function keyOf({ sku, location }: KeyFilter, { add }: Values): string {
  const found = [
    ...(sku === undefined ? [] : [`inventory.find_item(${add(sku)}) as item_id`]),
    ...(location === undefined ? [] : [`inventory.find_location(${add(location)}) as location_id`]),
  ];
  return `key as materialized (select ${found.join(', ')})`;
}

/** The condition that a movement `m` is of the key that was found. */
export function isOfKey({ sku, location }: KeyFilter): string {
  return [
    ...(sku === undefined ? [] : ['m.item_id = (select item_id from key)']),
    ...(location === undefined ? [] : ['m.location_id = (select location_id from key)']),
  ].join(' and ');
}

/** The movements of the key that was found, in the order of the list. */
export function movementsOfKey(
  filter: KeyFilter,
  after: PageRequest['after'],
  most: string,
  values: Values,
): string {
  const recorded = { table: 'm', entryId: 'entry_id' } as const;
  const { conditions, order } = rangeOf(recorded, filter, startOf(after, values), values);
  // The lot decides nothing. But with it, only the index of items at locations has the order, and that of items has not.
  const lines = filter.sku !== undefined && filter.location !== undefined ? 'm.line, m.lot' : 'm.line';
  return `select m.*
    from inventory.movements m
    where ${[isOfKey(filter), ...conditions, ...(after ? [linesAfter('m.entry_id', after, values)] : [])].join(' and ')}
    order by ${order}, ${lines}
    limit ${most}`;
}
