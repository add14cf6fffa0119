import { join } from 'node:path';
import { readLines } from '../lines.ts';
import { fileOf } from '../manifest.ts';

/** A value of a key, as an export contains it. */
export type KeyValue = string | number | bigint | boolean;

/** A line of an export, with the key of its row. */
export interface Row {
  readonly line: string;
  readonly key: readonly KeyValue[];
}

/** A row of either side, or the rows of both sides with the same key. */
export interface RowPair {
  readonly past?: Row;
  readonly present?: Row;
}

/** The rows of a table of an export, in the order of their keys. No rows when there is no export. */
export async function* readRows(
  folder: string | undefined,
  table: string,
  keyColumns: readonly string[],
): AsyncGenerator<Row> {
  if (folder === undefined) return;
  for await (const bytes of readLines(join(folder, fileOf({ name: table })))) {
    const line = bytes.toString();
    yield { line, key: keyOf(line, keyColumns) };
  }
}

/**
 * Reads a table of two exports side by side, in the order of the keys. Only one row of each is in memory.
 * @throws when a side is not in that order
 */
export async function* pairRows(
  past: AsyncGenerator<Row>,
  present: AsyncGenerator<Row>,
): AsyncGenerator<RowPair> {
  const [pasts, presents] = [inOrder(past), inOrder(present)];
  let [left, right] = [await nextOf(pasts), await nextOf(presents)];
  while (left || right) {
    const order = !left ? 1 : !right ? -1 : compareKeys(left.key, right.key);
    const pair: RowPair = { ...(order <= 0 && { past: left }), ...(order >= 0 && { present: right }) };
    yield pair;
    if (pair.past) left = await nextOf(pasts);
    if (pair.present) right = await nextOf(presents);
  }
}

async function nextOf(rows: AsyncGenerator<Row>): Promise<Row | undefined> {
  const { value, done } = await rows.next();
  return done ? undefined : value;
}

async function* inOrder(rows: AsyncGenerator<Row>): AsyncGenerator<Row> {
  let last: Row | undefined;
  for await (const row of rows) {
    if (last && compareKeys(last.key, row.key) >= 0) {
      throw new Error(`an export is not in the order of its keys: ${last.line} comes before ${row.line}`);
    }
    yield row;
    last = row;
  }
}

/** The order of exported rows: numbers by size, everything else by the bytes of its text. */
function compareKeys(a: readonly KeyValue[], b: readonly KeyValue[]): number {
  for (const [index, left] of a.entries()) {
    const right = b[index] as KeyValue;
    if (typeof left === 'string' && typeof right === 'string') {
      const order = left === right ? 0 : Buffer.compare(Buffer.from(left), Buffer.from(right));
      if (order !== 0) return order;
    } else if (left !== right) return left < right ? -1 : 1;
  }
  return 0;
}

/** The values of some columns of a line. None of them is null. */
export function keyOf(line: string, columns: readonly string[]): KeyValue[] {
  const row = JSON.parse(line) as Record<string, KeyValue>;
  return columns.map((column) => {
    const value = row[column] as KeyValue;
    // A number that does not fit must not make two keys equal.
    return typeof value === 'number' && !Number.isSafeInteger(value)
      ? BigInt(new RegExp(`"${column}":(-?\\d+)`).exec(line)?.[1] ?? value)
      : value;
  });
}
