/** Which part of a list to return. `after` is the key of the last row of the previous part. */
export interface PageRequest {
  readonly limit: number;
  readonly after?: readonly string[] | undefined;
}

/** A part of a list. `next` is the key to continue from, undefined at the end. */
export interface Page<Row> {
  readonly rows: readonly Row[];
  readonly next: readonly string[] | undefined;
}

/** Turns rows into a page. Ask the database for one row more than `limit`: if it comes, there is a next page. */
export function toPage<Row>(
  rows: readonly Row[],
  limit: number,
  keyOf: (row: Row) => readonly string[],
): Page<Row> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return { rows: shown, next: rows.length > limit && last ? keyOf(last) : undefined };
}
