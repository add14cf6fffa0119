import type { PageRequest } from '#platform/page.ts';
import { linesAfter, newestOf, type Period, startOf } from './movement-range.ts';
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

/** The columns of the key, with what was found. */
function columnsOf({ sku, location }: KeyFilter): [column: string, value: string][] {
  return [
    ...(sku === undefined ? [] : [['item_id', '(select item_id from key)'] as [string, string]]),
    ...(location === undefined ? [] : [['location_id', '(select location_id from key)'] as [string, string]]),
  ];
}

/** The condition that a movement `m` is of the key that was found. */
export function isOfKey(filter: KeyFilter): string {
  return columnsOf(filter)
    .map(([column, value]) => `m.${column} = ${value}`)
    .join(' and ');
}

/** The movements of the key that was found, in the order of the list. */
export function movementsOfKey(
  filter: KeyFilter,
  after: PageRequest['after'],
  most: string,
  values: Values,
): string {
  return newestOf(
    {
      table: 'inventory.movements m',
      key: columnsOf(filter),
      conditions: after ? [linesAfter('m.entry_id', after, values)] : [],
      since: filter.since,
      start: startOf(filter, after, values),
      most,
    },
    values,
  );
}
