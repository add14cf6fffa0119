import { IncompleteDump, type ObjectKey, type Piece } from './catalog.ts';

/** `from` needs `to` to exist first. */
export interface Dependency {
  readonly from: ObjectKey;
  readonly to: ObjectKey;
}

/**
 * Orders pieces so that each comes after everything it needs, and otherwise by rank and name.
 * The order depends on nothing else, so that the same schema always gives the same text.
 * @throws IncompleteDump naming the pieces that need each other
 */
export function inDependencyOrder(pieces: readonly Piece[], dependencies: readonly Dependency[]): Piece[] {
  const needs = new Map(pieces.map(({ key }) => [key, new Set<ObjectKey>()]));
  for (const { from, to } of dependencies) {
    if (from !== to && needs.has(to)) needs.get(from)?.add(to);
  }
  const waiting = [...pieces].sort((a, b) => a.rank - b.rank || compareNames(a.name, b.name));
  const ordered: Piece[] = [];
  while (waiting.length > 0) {
    const next = waiting.findIndex(({ key }) => needs.get(key)?.size === 0);
    const [piece] = next < 0 ? [] : waiting.splice(next, 1);
    if (!piece)
      throw new IncompleteDump(`objects that need each other: ${waiting.map(({ name }) => name).join(', ')}`);
    ordered.push(piece);
    for (const open of needs.values()) open.delete(piece.key);
  }
  return ordered;
}

/** The pieces that cannot be ordered because they need each other, directly or through others. */
export function cyclicPieces(pieces: readonly Piece[], dependencies: readonly Dependency[]): Set<ObjectKey> {
  const targets = new Map<ObjectKey, ObjectKey[]>();
  for (const { from, to } of dependencies)
    if (from !== to) targets.set(from, [...(targets.get(from) ?? []), to]);
  return new Set(pieces.filter(({ key }) => reaches(key, key, targets)).map(({ key }) => key));
}

function reaches(
  start: ObjectKey,
  goal: ObjectKey,
  targets: ReadonlyMap<ObjectKey, readonly ObjectKey[]>,
): boolean {
  const seen = new Set<ObjectKey>();
  const stack = [...(targets.get(start) ?? [])];
  for (let key = stack.pop(); key; key = stack.pop()) {
    if (key === goal) return true;
    if (seen.has(key)) continue;
    seen.add(key);
    stack.push(...(targets.get(key) ?? []));
  }
  return false;
}

/** Compares by code unit: the same on every machine and in every locale. */
function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
