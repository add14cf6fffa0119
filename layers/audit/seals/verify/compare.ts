import { compareLeaves, type Leaf } from '../pages.ts';
import type { Seal } from '../seal.ts';
import type { Faults } from './fault.ts';
import type { FoundMovement } from './movements.ts';

/**
 * Reads the stored movements and the sealed leaves, both in the order of their keys, and reports every movement that is
 * altered, missing or inserted. Calls `onMovement` with each stored movement.
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
  const report = (
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
      report('movement_inserted', movement, 'exists, but did not when it was sealed:');
    if (leaf && order > 0) report('movement_missing', leaf, 'was sealed, but is missing:');
    if (movement && leaf && order === 0 && !movement.hash.equals(leaf.hash)) {
      report('movement_altered', movement, 'or its entry differs from what was sealed:');
    }
    if (movement && order <= 0) {
      onMovement(movement);
      movement = await next(found);
    }
    if (leaf && order >= 0) leaf = await next(sealed);
  }
}
