import { join } from 'node:path';
import { type IsolationReport, lintIsolation } from '#schema/lint/isolation-lint.ts';
import { readIsolationRules } from '#schema/lint/isolation-rules.ts';
import { paths } from '#scripts/paths.ts';
import { asSuperuser, cloneDatabase } from '../clone.ts';
import type { ProvingCluster } from '../cluster.ts';
import { type InjectionReport, runInjections } from './injection/injection.ts';
import { type MutantOutcome, scoreMutants } from './mutants/score.ts';
import { type PlansReport, provePlans } from './plans/plans.ts';
import { probe } from './probes/probes.ts';
import { type NonInterferenceReport, proveNonInterference } from './worlds/noninterference.ts';

/** The parts of what `npm run prove:isolation` tries, in their order. */
export const parts = [
  'lint',
  'roles',
  'injection',
  'injection on RDS',
  'non-interference',
  'plans',
  'mutants',
] as const;

export type Part = (typeof parts)[number];

/** The results of the parts. A part that was not requested is undefined. */
export interface IsolationResults {
  readonly lint?: IsolationReport;
  /** The rules of roles, contexts and ledger that do not hold. */
  readonly roles?: readonly string[];
  readonly injection?: InjectionReport;
  /** With the default privileges of Postgres that cannot be revoked on RDS. */
  readonly injectionOnRds?: InjectionReport;
  readonly nonInterference?: NonInterferenceReport;
  /** What plans, rows and errors show of the values of another organization. */
  readonly plans?: PlansReport;
  readonly mutants?: readonly MutantOutcome[];
}

export interface WallOptions {
  readonly only: readonly Part[];
  readonly runs: number;
  readonly seed?: number | undefined;
  readonly signal: AbortSignal;
  /** Called with the progress of a part. Not every part knows its `total`. */
  readonly onStep: (part: Part, done: number, total: number) => void;
}

/** Runs the requested parts on a server of their own, each with a new database. */
export async function proveWall(
  { clusterUrl, template }: ProvingCluster,
  { only, runs, seed, signal, onStep }: WallOptions,
): Promise<IsolationResults> {
  const inClone = async <T>(work: (url: string) => Promise<T>) => {
    await using clone = await cloneDatabase(clusterUrl, template);
    return await work(clone.url);
  };
  const attack = (part: Part, server: 'own' | 'rds') =>
    inClone((url) =>
      runInjections(url, {
        server,
        meanwhile: 'somebody works',
        alone: true,
        signal,
        onAttack: (done, total) => onStep(part, done, total),
      }),
    );
  const lint = async (url: string) =>
    await asSuperuser(url, async (client) =>
      lintIsolation(client, await readIsolationRules(join(paths.root, 'sql/lint'))),
    );
  const ask = async <T>(part: Part, work: () => Promise<T>): Promise<T | undefined> => {
    if (!only.includes(part)) return undefined;
    signal.throwIfAborted();
    return await work();
  };
  return {
    lint: await ask('lint', () => inClone(lint)),
    roles: await ask('roles', () => inClone(probe)),
    injection: await ask('injection', () => attack('injection', 'own')),
    injectionOnRds: await ask('injection on RDS', () => attack('injection on RDS', 'rds')),
    nonInterference: await ask('non-interference', () =>
      proveNonInterference(clusterUrl, template, {
        runs,
        seed,
        signal,
        onRun: (done) => onStep('non-interference', done, runs),
      }),
    ),
    plans: await ask('plans', () =>
      provePlans(clusterUrl, template, {
        signal,
        onColumn: (done, total) => onStep('plans', done, total),
      }),
    ),
    mutants: await ask('mutants', () =>
      scoreMutants(clusterUrl, template, {
        signal,
        onMutant: (done, total) => onStep('mutants', done, total),
      }),
    ),
  };
}

/** Whether no requested part has found anything. */
export function isPerfect({
  lint,
  roles,
  injection,
  injectionOnRds,
  nonInterference,
  plans,
  mutants,
}: IsolationResults): boolean {
  return (
    (lint?.ok ?? true) &&
    (roles ?? []).length === 0 &&
    [injection, injectionOnRds].every((report) => (report?.breaches ?? []).length === 0) &&
    nonInterference?.difference === undefined &&
    (nonInterference?.gaps ?? []).length === 0 &&
    (plans?.differences ?? []).length === 0 &&
    (mutants ?? []).every(({ killer }) => killer !== undefined)
  );
}
