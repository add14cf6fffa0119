/** The part of a list that is asked for: `after` is the key of the last row of the part before. */
export interface PageRequest {
  readonly limit: number;
  readonly after?: readonly string[] | undefined;
}

/** A part of a list; `next` is the key to go on from, undefined at the end. */
export interface Page<Row> {
  readonly rows: readonly Row[];
  readonly next: readonly string[] | undefined;
}

/** Makes a page of rows of which one more than `limit` was asked for: whether it came says whether there is more. */
export function toPage<Row>(
  rows: readonly Row[],
  limit: number,
  keyOf: (row: Row) => readonly string[],
): Page<Row> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return { rows: shown, next: rows.length > limit && last ? keyOf(last) : undefined };
}
