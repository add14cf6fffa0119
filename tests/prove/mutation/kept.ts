import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Reach } from './reach.ts';
import type { Verdict } from './trial.ts';

/** What one run leaves for the next. */
export interface Kept {
  /** Which tests reach which mutant, as far as it is known. */
  readonly reach: Reach;
  /** The mutants that were killed, by id. Those that survived are tried again: there may be new tests. */
  readonly killed: ReadonlyMap<string, Omit<Verdict, 'mutant'>>;
  keepReach(reach: Reach): Promise<void>;
  keepVerdict(verdict: Verdict): Promise<void>;
}

/** Opens the folder that keeps it; without one nothing is known and nothing is kept. */
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
