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
 * What was sealed was written down outside of the database, where nobody can take it back. A restoration may therefore
 * neither drop a seal nor change what one covers.
 * @throws PortabilityError when the copy lacks seals that production has (as it was), or is of another history
 */
export async function readSeals(
  past: Side,
  present: Side | undefined,
  mode: 'as_it_was' | 'merge',
  keys: TableKeys,
): Promise<SealedCount> {
  const newer: SealRow[] = [];
  // In the order of their numbers, as rows are paired by their keys.
  const seals: { readonly row: SealRow; found: number }[] = [];
  for await (const pair of pairsOf(past, present, 'inventory.seals', keys)) {
    const row = JSON.parse((pair.present ?? pair.past)?.line ?? '') as SealRow;
    if (pair.past && pair.present && pair.past.line !== pair.present.line) {
      throw new PortabilityError(
        `seal ${row.seq} is another one in the copy than in production`,
        'One of the two was altered, or the copy is of another history: npm run verify:ledger tells which.',
      );
    }
    if (!pair.past) newer.push(row);
    seals.push({ row, found: 0 });
  }
  if (mode === 'as_it_was' && newer.length > 0) {
    throw new PortabilityError(
      `production has ${newer.length} seals that the copy lacks, from seal ${newer[0]?.seq} on: what they cover would be gone, ` +
        'and what was written down of them would contradict the ledger for good',
      'Bring back what was lost with --merge, and correct wrong postings with reversals; or take a later point in time.',
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
        `seal ${wrong.row.seq} covers ${wrong.row.movements} movements, and with what was lost there would be ${wrong.found}`,
        'It was drawn after the loss, or more is lost than the copy has: post what is missing as new entries, or take ' +
          'another copy.',
      );
    },
    checkCopy() {
      const wrong = firstWrong();
      if (!wrong) return;
      throw new PortabilityError(
        `seal ${wrong.row.seq} covers ${wrong.row.movements} movements, of which the copy has ${wrong.found}: it is damaged`,
        'Take another copy, and prove it before: npm run verify:backup -- --copy URL --at TIME.',
      );
    },
  };

  function firstWrong() {
    return seals.find(({ row, found }) => row.movements !== found);
  }
}

/** The seal that covers an entry: ids grow, and each seal goes on where the one before it ends. */
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
