import { compareTexts } from '../model.ts';
import type { Expected } from '../refusal.ts';
import type { Asked } from '../request.ts';

/** The key of a row in its list: what the list is ordered by. */
type RowKey = readonly string[];

const usualLimit = 50;

/**
 * A page of a list: the rows after the cursor, at most `limit`. A cursor points after the row that was last shown,
 * whatever has been added, renamed or removed since.
 */
export function listed<Row>(
  { query, witness, cursors }: Asked,
  rows: readonly Row[],
  keyOf: (row: Row) => RowKey,
  /** How a row is shown; undefined for one that counts for the page and is left out. */
  show: (row: Row) => object | undefined,
  order: (one: RowKey, other: RowKey) => number = compareTexts,
): Expected {
  const limit = Number(query.limit ?? usualLimit);
  const after = query.cursor === undefined ? undefined : cursors.get(query.cursor);
  const rest = rows.filter((row) => !after || order(keyOf(row), after) > 0);
  const shown = rest.slice(0, limit);
  const last = shown.at(-1);
  let nextCursor: string | null = null;
  if (rest.length > limit && last) {
    nextCursor = witness.cursor();
    cursors.set(nextCursor, keyOf(last));
  }
  return { status: 200, body: { data: shown.map(show).filter((row) => row !== undefined), nextCursor } };
}
