import { compareLeaves, type Leaf } from '../pages.ts';
import type { Seal } from '../seal.ts';
import type { Faults } from './fault.ts';
import type { FoundMovement } from './movements.ts';

/**
 * Walks through the movements that are there and the leaves that were sealed, both in the order of their keys, and tells
 * every one that is altered, missing or inserted. `onMovement` is called with each that is there.
 */
export async function compareMovements(
  seal: Seal,
  found: AsyncGenerator<FoundMovement>,
  sealed: AsyncGenerator<Leaf>,
  faults: Faults,
  onMovement: (movement: FoundMovement) => void,
): Promise<void> {
  const next = async <T>(stream: AsyncGenerator<T>): Promise<T | undefined> => {
    const { value, done } = await stream.next();
    return done ? undefined : value;
  };
  const tell = (
    kind: 'movement_altered' | 'movement_missing' | 'movement_inserted',
    { entryId, line }: { readonly entryId: string; readonly line: number },
    what: string,
  ) =>
    faults.add({
      kind,
      seal: seal.seq,
      movement: `${entryId}.${line}`,
      message: `movement ${entryId}.${line} ${what} seal ${seal.seq} of ${seal.sealedAt}`,
    });

  let [movement, leaf] = [await next(found), await next(sealed)];
  while (movement || leaf) {
    const order = !movement ? 1 : !leaf ? -1 : compareLeaves(movement, leaf);
    if (movement && order < 0)
      tell('movement_inserted', movement, 'is there and was not when it was sealed:');
    if (leaf && order > 0) tell('movement_missing', leaf, 'is gone that was sealed:');
    if (movement && leaf && order === 0 && !movement.hash.equals(leaf.hash)) {
      tell('movement_altered', movement, 'or its entry is not what was sealed:');
    }
    if (movement && order <= 0) {
      onMovement(movement);
      movement = await next(found);
    }
    if (leaf && order >= 0) leaf = await next(sealed);
  }
}
