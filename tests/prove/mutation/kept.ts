import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Reach } from './reach.ts';
import type { Verdict } from './trial.ts';

/** The results that one run keeps for the next. */
export interface Kept {
  /** The known tests that reach each mutant. */
  readonly reach: Reach;
  /** The killed mutants, by id. Survivors are tried again, because there may be new tests. */
  readonly killed: ReadonlyMap<string, Omit<Verdict, 'mutant'>>;
  keepReach(reach: Reach): Promise<void>;
  keepVerdict(verdict: Verdict): Promise<void>;
}

/** Opens the folder of these results. Without a folder, nothing is known and nothing is kept. */
export async function openKept(folder: string | undefined): Promise<Kept> {
  if (!folder) {
    return {
      reach: { tests: {} },
      killed: new Map(),
      keepReach: async () => {},
      keepVerdict: async () => {},
    };
  }
  await mkdir(folder, { recursive: true });
  const [reachFile, verdictsFile] = [join(folder, 'reach.json'), join(folder, 'verdicts.jsonl')];
  const verdicts = ((await readIfThere(verdictsFile)) ?? '')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { id: string } & Omit<Verdict, 'mutant'>);
  return {
    reach: JSON.parse((await readIfThere(reachFile)) ?? '{ "tests": {} }'),
    killed: new Map(verdicts.filter(({ killedBy }) => killedBy).map(({ id, ...verdict }) => [id, verdict])),
    keepReach: (reach) => writeFile(reachFile, JSON.stringify(reach)),
    keepVerdict: ({ mutant, killedBy, ran }) =>
      appendFile(verdictsFile, `${JSON.stringify({ id: mutant.id, killedBy, ran })}\n`),
  };
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
