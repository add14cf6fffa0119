import { createHash } from 'node:crypto';
import { provenFolders } from './find.ts';
import type { Mutant } from './mutant.ts';

type Folder = (typeof provenFolders)[number];

/** The share of each folder in a sample: it depends on the size of the folder, and has a minimum. */
const shares: Readonly<Record<Folder, number>> = {
  layers: 0.38,
  sql: 0.2,
  scripts: 0.22,
  infra: 0.12,
  functions: 0.08,
};

/** The top folder of a file. */
export function folderOf({ file }: Pick<Mutant, 'file'>): string {
  return file.split('/')[0] ?? '';
}

/**
 * Draws mutants: the same ones for the same seed, independent of other contents of the files. Every kind gets its turn, so
 * that the many numbers and conditions do not displace the few missing awaits and swallowed errors.
 */
export function drawSample(mutants: readonly Mutant[], count: number, seed: number): Mutant[] {
  return provenFolders.flatMap((folder) => {
    const ofFolder = mutants.filter((mutant) => folderOf(mutant) === folder);
    return inTurns(ofFolder, seed).slice(0, Math.ceil(count * shares[folder]));
  });
}

function inTurns(mutants: readonly Mutant[], seed: number): Mutant[] {
  const byKind = Map.groupBy(
    [...mutants].sort((a, b) => compare(lot(a, seed), lot(b, seed))),
    ({ kind }) => kind,
  );
  const kinds = [...byKind.keys()].sort().map((kind) => byKind.get(kind) ?? []);
  const rounds = Math.max(0, ...kinds.map(({ length }) => length));
  return Array.from({ length: rounds }, (_, round) => kinds.flatMap((ofKind) => ofKind[round] ?? [])).flat();
}

function lot({ id }: Mutant, seed: number): string {
  return createHash('sha256').update(`${seed} ${id}`).digest('hex');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
