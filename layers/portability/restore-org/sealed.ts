import { counted } from '#platform/text/plural.ts';
import { PortabilityError } from '../portability-error.ts';
import { pairsOf, type Side } from './difference.ts';
import type { TableKeys } from './table-keys.ts';

interface SealRow {
  readonly seq: number;
  readonly after_entry: string | null;
  readonly boundary: string;
  readonly movements: number;
}

/** Counts movements by the seal that covers them. */
export interface SealedCount {
  count(entryId: string): void;
  /** @throws PortabilityError when a seal covers another number of movements than both sides have together */
  checkMerged(): void;
  /** @throws PortabilityError when a seal covers another number of movements than the copy has */
  checkCopy(): void;
}

/**
 * Sealed history has an anchor outside of the database, which nobody can take back. So a restoration may neither remove a
 * seal nor change what it covers.
 * @throws PortabilityError when the copy lacks seals that production has (as it was), or the copy has another history
 */
export async function readSeals(
  past: Side,
  present: Side | undefined,
  mode: 'as_it_was' | 'merge',
  keys: TableKeys,
): Promise<SealedCount> {
  const newer: SealRow[] = [];
  // In the order of their numbers, because rows are paired by their keys.
  const seals: { readonly row: SealRow; found: number }[] = [];
  for await (const pair of pairsOf(past, present, 'inventory.seals', keys)) {
    const row = JSON.parse((pair.present ?? pair.past)?.line ?? '') as SealRow;
    if (pair.past && pair.present && pair.past.line !== pair.present.line) {
      throw new PortabilityError(
        `seal ${row.seq} differs between the copy and production`,
        'One of the two was altered, or the copy has another history: npm run verify:ledger shows which.',
      );
    }
    if (!pair.past) newer.push(row);
    seals.push({ row, found: 0 });
  }
  if (mode === 'as_it_was' && newer.length > 0) {
    throw new PortabilityError(
      `production has ${counted(newer.length, 'seal')} that the copy lacks, from seal ${newer[0]?.seq} on: the movements they cover would be lost, ` +
        'and their anchors would contradict the ledger for ever',
      'Use --merge to bring back what was lost, and correct wrong postings with reversals. Or take a later point in time.',
    );
  }
  return {
    count(entryId) {
      const seal = firstReaching(seals, entryId);
      if (seal) seal.found += 1;
    },
    checkMerged() {
      const wrong = firstWrong();
      if (!wrong) return;
      throw new PortabilityError(
        `seal ${wrong.row.seq} covers ${counted(wrong.row.movements, 'movement')}, but together with the lost rows there would be ${wrong.found}`,
        'The seal was created after the loss, or more was lost than the copy has: post what is missing as new entries, or ' +
          'take another copy.',
      );
    },
    checkCopy() {
      const wrong = firstWrong();
      if (!wrong) return;
      throw new PortabilityError(
        `seal ${wrong.row.seq} covers ${counted(wrong.row.movements, 'movement')}, but the copy has ${wrong.found}: the copy is damaged`,
        'Take another copy, and prove it first: npm run verify:backup -- --copy URL --at TIME.',
      );
    },
  };

  function firstWrong() {
    return seals.find(({ row, found }) => row.movements !== found);
  }
}

/** The seal that covers an entry: ids grow, and each seal begins where the one before it ends. */
function firstReaching(
  seals: readonly { readonly row: SealRow; found: number }[],
  entryId: string,
): { found: number } | undefined {
  let [low, high] = [0, seals.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((seals[middle]?.row.boundary ?? '') < entryId) low = middle + 1;
    else high = middle;
  }
  return seals[low];
}
