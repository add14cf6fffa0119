/** What a list is asked for. */
export interface ListOptions {
  readonly prefix: string;
  /** Keys that share what is before its first appearance behind the prefix are one common prefix. */
  readonly delimiter: string;
  readonly maxKeys: number;
}

/** A page of a list: rows, and common prefixes in place of the rows they stand for. */
export interface ListPage<T> {
  readonly rows: readonly T[];
  readonly commonPrefixes: readonly string[];
  readonly isTruncated: boolean;
  /** What the page ended with: a row or a common prefix. */
  readonly last: T | string | undefined;
}

/**
 * Takes a page out of rows that are in order and reads no further. `isAfter` says whether a row, and a common prefix, come after where the
 * page before has ended.
 */
export function listPage<T>(
  rows: Iterable<T>,
  keyOf: (row: T) => string,
  { prefix, delimiter, maxKeys }: ListOptions,
  isAfter: (row: T, commonPrefix: string | undefined) => boolean,
): ListPage<T> {
  const taken: T[] = [];
  const commonPrefixes: string[] = [];
  let last: T | string | undefined;
  for (const row of rows) {
    const key = keyOf(row);
    if (!key.startsWith(prefix)) continue;
    const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    const common = end < 0 ? undefined : key.slice(0, end + delimiter.length);
    if (!isAfter(row, common) || (common !== undefined && commonPrefixes.at(-1) === common)) continue;
    if (taken.length + commonPrefixes.length === maxKeys) {
      return { rows: taken, commonPrefixes, isTruncated: maxKeys > 0, last };
    }
    if (common === undefined) taken.push(row);
    else commonPrefixes.push(common);
    last = common ?? row;
  }
  return { rows: taken, commonPrefixes, isTruncated: false, last };
}
