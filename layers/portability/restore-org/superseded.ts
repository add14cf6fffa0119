import { type Collision, Collisions, renamable } from './collisions.ts';
import { pairsOf, type Side } from './difference.ts';
import type { RowPair } from './rows.ts';
import type { TableKeys, UniqueKeys } from './table-keys.ts';

const uuid = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

/** Rows that were lost and are left out of a merge. */
export interface Superseded {
  readonly rows: readonly Collision[];
  has(table: string, pair: RowPair): boolean;
}

export const nothingSuperseded: Superseded = { rows: [], has: () => false };

/**
 * Finds items and locations that were lost, whose place another has today, and whose id stands nowhere else in what would
 * be there: they never moved, as the API deletes nothing else, and the one that was made since is what the tenant wants.
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

/** The line that a merge takes. */
function lineOf({ past, present }: RowPair): string {
  return (present ?? past)?.line ?? '';
}

function idOf({ past, present }: RowPair): string {
  return String((present ?? past)?.key.at(-1));
}
