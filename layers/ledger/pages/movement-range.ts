import type { PageRequest } from '#platform/page.ts';
import type { Values } from './statement.ts';

/** `since` (inclusive) and `until` (exclusive) are times of recording. */
export interface Period {
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}

/** Where a page begins, as SQL: the row itself and those recorded before it. */
export interface Start {
  readonly at: string;
  readonly id: string;
}

/** What is listed by the time of recording. */
export interface Recorded {
  /** A table of which each row belongs to an entry, and its alias. */
  readonly table: 'inventory.entries e' | 'inventory.movements m';
  /** The columns before the time of recording, and their values as SQL. */
  readonly key: readonly (readonly [column: string, value: string])[];
  /** What must hold of a row besides. Rows for which it does not are read, and do not count. */
  readonly conditions?: readonly string[];
  readonly since?: string | undefined;
  readonly start: Start;
  /** The number of rows, as SQL. */
  readonly most: string;
}

/**
 * The newest rows of a key, in their order.
 *
 * The key, the time and the entry are compared as one row, with one limit, and the order names them all. So Postgres reads the
 * index that has exactly these columns, from the start of the page. It has no statistics of values: with `=` it would expect
 * one row, and take any index that has a part of the columns, and sort. Rows of the next key, and those before `since`, come
 * last, and are left out afterwards.
 */
export function newestOf(
  { table, key, conditions = [], since, start, most }: Recorded,
  { add }: Values,
): string {
  const alias = table.endsWith(' e') ? 'e' : 'm';
  const entry = [`${alias}.recorded_at`, alias === 'e' ? 'e.id' : 'm.entry_id'];
  const columns = [...key.map(([column]) => `${alias}.${column}`), ...entry];
  // Of entries, what is in their indexes.
  const shown = alias === 'e' ? ['e.org_id', ...columns] : ['m.*'];
  const place = [...key.map(([, value]) => value), start.at, start.id];
  const isWithin = [
    ...key.map(([column, value]) => `newest.${column} = ${value}`),
    ...(since === undefined ? [] : [`newest.recorded_at >= ${add(since)}`]),
  ];
  return `select newest.*
    from (
      select ${shown.join(', ')}
      from ${table}
      where ${[`(${columns.join(', ')}) <= (${place.join(', ')})`, ...conditions].join(' and ')}
      order by ${columns.map((column) => `${column} desc`).join(', ')}${alias === 'm' ? ', m.line' : ''}
      limit ${most}
    ) newest
    where ${isWithin.length > 0 ? isWithin.join(' and ') : 'true'}`;
}

/** No entry has one of these ids. */
const [firstId, lastId] = [
  "'00000000-0000-0000-0000-000000000000'::uuid",
  "'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid",
];

/** The entry in which the previous page ended, or the end of the period. */
export function startOf({ until }: Period, after: PageRequest['after'], { add }: Values): Start {
  const end = until === undefined ? undefined : `${add(until)}::timestamptz`;
  if (!after) return end ? { at: end, id: firstId } : { at: "'infinity'::timestamptz", id: lastId };
  const last = `${add(after[0])}::uuid`;
  const recorded = `(select e.recorded_at from inventory.entries e where e.id = ${last})`;
  if (!end) return { at: recorded, id: last };
  // A cursor may come with an earlier end than its list had.
  return {
    at: `least(${recorded}, ${end})`,
    id: `case when ${recorded} < ${end} then ${last} else ${firstId} end`,
  };
}

/** Of the entry in which the previous page ended, the lines that it has not shown. */
export function linesAfter(entryId: string, [id, line]: readonly string[], { add }: Values): string {
  return `(${entryId} <> ${add(id)}::uuid or m.line > ${add(line)}::int)`;
}
