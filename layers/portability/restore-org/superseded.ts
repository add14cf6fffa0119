import { type Collision, Collisions } from './collisions.ts';
import { pairsOf, type Side } from './difference.ts';
import type { RowPair } from './rows.ts';
import { renamable } from './shared-codes.ts';
import type { TableKeys, UniqueKeys } from './table-keys.ts';

const uuid = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

/** Lost rows that a merge leaves out. */
export interface Superseded {
  readonly rows: readonly Collision[];
  has(table: string, pair: RowPair): boolean;
}

export const nothingSuperseded: Superseded = { rows: [], has: () => false };

/**
 * Finds lost items and locations whose place is taken today, and whose id appears nowhere else in the result. They never
 * had a movement: the API deletes only such rows. The tenant wants the row that was created since.
 */
export async function findSuperseded(
  past: Side,
  present: Side | undefined,
  { keys, uniqueKeys, signal }: { keys: TableKeys; uniqueKeys: UniqueKeys; signal?: AbortSignal | undefined },
): Promise<Superseded> {
  const collisions = new Collisions();
  for (const table of Object.keys(renamable)) {
    const places = collisions.of(table, uniqueKeys.get(table) ?? []);
    for await (const pair of pairsOf(past, present, table, keys)) places.take(lineOf(pair), pair);
  }
  const alone = new Map(collisions.found.map((each) => [each.lost, each]));
  for (const { name } of alone.size > 0 ? past.manifest.tables : []) {
    for await (const pair of pairsOf(past, present, name, keys)) {
      signal?.throwIfAborted();
      for (const [id] of lineOf(pair).matchAll(uuid)) {
        const isItself = alone.get(id)?.table === name && idOf(pair) === id;
        if (!isItself) alone.delete(id);
      }
    }
  }
  return {
    rows: [...alone.values()],
    has: (table, pair) => !pair.present && alone.get(idOf(pair))?.table === table,
  };
}

/** The line that a merge uses. */
function lineOf({ past, present }: RowPair): string {
  return (present ?? past)?.line ?? '';
}

function idOf({ past, present }: RowPair): string {
  return String((present ?? past)?.key.at(-1));
}
