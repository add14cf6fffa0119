import type { Manifest } from '../manifest.ts';
import { pairRows, readRows } from './rows.ts';
import type { TableKeys } from './table-keys.ts';

/** An export of the organization: its folder and its manifest. */
export interface Side {
  readonly folder: string;
  readonly manifest: Manifest;
}

/** How much a table differs between the copy and production. */
export interface TableDifference {
  readonly table: string;
  /** Rows in the copy. */
  readonly past: number;
  /** Rows in production. */
  readonly present: number;
  /** Rows in the copy that are no longer in production. */
  readonly lost: number;
  /** Rows in production that are not in the copy. */
  readonly since: number;
  /** Rows in both with different content. */
  readonly changed: number;
}

/** Compares table by table. Tables with equal digests are equal and are not read. */
export async function compareSides(
  past: Side,
  present: Side | undefined,
  keys: TableKeys,
): Promise<TableDifference[]> {
  const differences: TableDifference[] = [];
  for (const { name, digest, rows } of past.manifest.tables) {
    const ours = present?.manifest.tables.find((table) => table.name === name);
    const counts = { lost: 0, since: 0, changed: 0 };
    if (ours?.digest !== digest) {
      for await (const pair of pairsOf(past, present, name, keys)) {
        if (!pair.present) counts.lost += 1;
        else if (!pair.past) counts.since += 1;
        else if (pair.past.line !== pair.present.line) counts.changed += 1;
      }
    }
    differences.push({ table: name, past: rows, present: ours?.rows ?? 0, ...counts });
  }
  return differences;
}

/** The rows of a table of both sides, paired by their keys. */
export function pairsOf(past: Side, present: Side | undefined, table: string, keys: TableKeys) {
  const key = keys.get(table);
  if (!key) throw new Error(`${table} has no primary key: its rows cannot be paired`);
  return pairRows(readRows(past.folder, table, key), readRows(present?.folder, table, key));
}
