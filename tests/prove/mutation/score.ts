import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { counted } from '#platform/text/plural.ts';
import { paths } from '#scripts/paths.ts';
import type { Tally } from '../tally.ts';
import { provenFolders } from './find.ts';
import { folderOf } from './sample.ts';
import type { Verdict } from './trial.ts';

/** The share of the mutants that must be killed in each folder. */
export const wantedShare = 0.95;

export interface FolderScore {
  readonly folder: string;
  readonly planted: number;
  readonly killed: number;
}

export interface Survivor {
  readonly id: string;
  readonly place: string;
  readonly kind: string;
  readonly change: string;
  /** The number of test files that ran and did not notice it. */
  readonly ran: number;
  /** Why no caller could notice it; undefined when no reason is recorded. */
  readonly reason: string | undefined;
}

export interface Score {
  readonly folders: readonly FolderScore[];
  readonly survivors: readonly Survivor[];
  /** Whether every folder has reached the share, and every survivor has a reason. */
  readonly reached: boolean;
}

/** Counts the verdicts by folder. `reasons` contains, by the id of a survivor, why no caller could notice it. */
export function scoreOf(verdicts: readonly Verdict[], reasons: Readonly<Record<string, string>>): Score {
  const folders = provenFolders.flatMap((folder) => {
    const ofFolder = verdicts.filter(({ mutant }) => folderOf(mutant) === folder);
    const killed = ofFolder.filter(({ killedBy }) => killedBy !== undefined).length;
    return ofFolder.length > 0 ? [{ folder, planted: ofFolder.length, killed }] : [];
  });
  const survivors = verdicts
    .filter(({ killedBy }) => killedBy === undefined)
    .map(({ mutant, ran }) => ({
      id: mutant.id,
      place: `${mutant.file}:${mutant.line}`,
      kind: mutant.kind,
      change: `${oneLine(mutant.original)} -> ${oneLine(mutant.replacement)}`,
      ran: ran.length,
      reason: reasons[mutant.id],
    }));
  const reached =
    folders.every(({ planted, killed }) => killed >= planted * wantedShare) &&
    survivors.every(({ reason }) => reason !== undefined);
  return { folders, survivors, reached };
}

/** A fault that survives has a reason, or a test is missing. */
export function tallyOfScore({ folders, survivors }: Score): Tally {
  const tried = folders.reduce((sum, { planted }) => sum + planted, 0);
  return { tried, held: tried - survivors.filter(({ reason }) => reason === undefined).length };
}

/** The recorded reasons, by the id of the mutant. */
export async function readReasons(): Promise<Record<string, string>> {
  return JSON.parse(await readFile(join(paths.root, 'tests/prove/mutation/reasons.json'), 'utf8'));
}

/** The score for people. */
export function scoreText({ folders, survivors, reached }: Score): string {
  const percent = (killed: number, planted: number) => `${((100 * killed) / planted).toFixed(1)} %`;
  const rows = folders.map(
    ({ folder, planted, killed }) =>
      `${folder.padEnd(10)} ${String(planted).padStart(7)} ${String(killed).padStart(7)} ${String(planted - killed).padStart(8)}  ${percent(killed, planted)}`,
  );
  const named = survivors.map(
    ({ id, place, kind, change, ran, reason }) =>
      `${id} ${place} (${kind}): ${change}\n    ${reason ?? `no reason given; ${counted(ran, 'test file')} did not notice it`}`,
  );
  return [
    'folder     planted  killed survived',
    ...rows,
    '',
    ...(named.length > 0 ? ['Survivors:', ...named, ''] : []),
    reached
      ? 'The tests notice enough faults.'
      : `Required: ${wantedShare * 100} % in every folder, and a reason for every survivor.`,
  ].join('\n');
}

function oneLine(text: string): string {
  const flat = text.replace(/\s+/g, ' ').trim();
  return flat.length > 70 ? `${flat.slice(0, 69)}…` : flat || 'nothing';
}
