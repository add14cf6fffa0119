import type { PageRequest } from '#platform/page.ts';
import type { Values } from './statement.ts';

/** `since` (inclusive) and `until` (exclusive) are times of recording. */
export interface Period {
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}

/** Rows that are ordered by their time of recording. */
export interface Recorded {
  /** The alias of the table. */
  readonly table: string;
  /** The column with the id of the entry. */
  readonly entryId: 'id' | 'entry_id';
  /** A column that is compared and ordered before the time of recording, and its value as SQL. */
  readonly key?: readonly [column: string, value: string] | undefined;
}

/** Where a page begins, as SQL: the row itself and those recorded before it. */
export interface Start {
  readonly at: string;
  readonly id: string;
}

interface Range {
  readonly conditions: readonly string[];
  readonly order: string;
}

const firstId = "'00000000-0000-0000-0000-000000000000'::uuid";
const end: Start = { at: "'infinity'::timestamptz", id: "'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid" };

/**
 * The rows within a period, from the place where the page begins: the last recorded ones first. The key is compared in one row
 * with the time and the entry, and the order names it: so only the index with these columns has the order.
 */
export function rangeOf(
  { table, entryId, key }: Recorded,
  { since, until }: Period,
  start: Start | undefined,
  { add }: Values,
): Range {
  const columns = [...(key ? [key[0]] : []), 'recorded_at', entryId].map((name) => `${table}.${name}`);
  const row = (...last: string[]) => `(${[...(key ? [key[1]] : []), ...last].join(', ')})`;
  const place = `(${columns.join(', ')})`;
  const from = since === undefined ? "'-infinity'::timestamptz" : `${add(since)}::timestamptz`;
  const conditions = [`${place} >= ${row(from, firstId)}`];
  if (until === undefined || start)
    conditions.push(`${place} <= ${row((start ?? end).at, (start ?? end).id)}`);
  // One upper limit alone is where Postgres begins to read. A second one only leaves out rows.
  if (until !== undefined) {
    const before = `${add(until)}::timestamptz`;
    conditions.push(start ? `${table}.recorded_at < ${before}` : `${place} < ${row(before, firstId)}`);
  }
  return { conditions, order: columns.map((column) => `${column} desc`).join(', ') };
}

/** The entry in which the previous page ended. */
export function startOf(after: PageRequest['after'], { add }: Values): Start | undefined {
  if (!after) return undefined;
  const id = `${add(after[0])}::uuid`;
  return { at: `(select e.recorded_at from inventory.entries e where e.id = ${id})`, id };
}

/** Of the entry in which the previous page ended, the lines that it has not shown. */
export function linesAfter(entryId: string, [id, line]: readonly string[], { add }: Values): string {
  return `(${entryId} <> ${add(id)}::uuid or m.line > ${add(line)}::int)`;
}
