import { join } from 'node:path';
import type { Client } from 'pg';
import { isSqlError } from '#platform/postgres/sqlstate.ts';
import { applyIsolationRules } from '#schema/lint/isolation-lint.ts';
import { type IsolationRule, readIsolationRules } from '#schema/lint/isolation-rules.ts';
import { paths } from '#scripts/paths.ts';
import { asSuperuser, type Clone, cloneDatabase } from '../../clone.ts';
import { runInjections } from '../injection/injection.ts';
import { probeLimits } from '../probes/limits.ts';
import { probePrivileges } from '../probes/privileges.ts';
import { probe } from '../probes/probes.ts';
import { proveNonInterference } from '../worlds/noninterference.ts';
import { catalogueMutants } from './catalogue.ts';
import { conditionMutants } from './conditions.ts';
import { ledgerMutants } from './ledger.ts';
import { limitMutants } from './limits.ts';
import type { Mutant } from './mutant.ts';

/** What notices a removed protection, the quickest first. */
export const killers = ['lint', 'role tests', 'injection', 'non-interference'] as const;

export type Killer = (typeof killers)[number];

export interface MutantOutcome {
  readonly mutant: Mutant;
  /** Undefined when the mutant survived. */
  readonly killer?: Killer;
  /** The first report of the killer. */
  readonly because?: string;
}

export interface ScoreOptions {
  /** Selects mutants. */
  readonly only?: (mutant: Mutant) => boolean;
  /** Only these killers: shows which protection holds without the others. */
  readonly by?: readonly Killer[];
  readonly signal?: AbortSignal;
  readonly onMutant?: (done: number, total: number) => void;
}

/** Every mutant of a migrated database. `superuser` is connected to it. */
export async function allMutants(superuser: Client): Promise<Mutant[]> {
  return [
    ...(await catalogueMutants(superuser)),
    ...(await conditionMutants(superuser)),
    ...(await ledgerMutants(superuser)),
    ...(await limitMutants(superuser)),
  ];
}

/**
 * Removes one protection at a time and runs the killers until one notices. Killers that only read run in a transaction that
 * is rolled back; those that act run in a clone of their own.
 */
export async function scoreMutants(
  clusterUrl: string,
  template: string,
  { only = () => true, by = killers, signal, onMutant }: ScoreOptions = {},
): Promise<MutantOutcome[]> {
  const rules = await readIsolationRules(join(paths.root, 'sql/lint'));
  await using looked = await cloneDatabase(clusterUrl, template);
  return await asSuperuser(looked.url, async (superuser) => {
    const mutants = (await allMutants(superuser)).filter(only);
    const outcomes: MutantOutcome[] = [];
    for (const mutant of mutants) {
      signal?.throwIfAborted();
      const seen = await look(superuser, rules, mutant, by);
      outcomes.push({ mutant, ...(seen ?? (await act(clusterUrl, template, mutant, by))) });
      onMutant?.(outcomes.length, mutants.length);
    }
    return outcomes;
  });
}

type Kill = Omit<Required<MutantOutcome>, 'mutant'>;

/** The killers that only read the catalogue. */
async function look(
  superuser: Client,
  rules: readonly IsolationRule[],
  mutant: Mutant,
  by: readonly Killer[],
): Promise<Kill | undefined> {
  await superuser.query('begin');
  try {
    await superuser.query(mutant.sql);
    const isLimit = mutant.kind.startsWith('limit');
    // The lint compares the digests of some functions. A changed digest does not show that the condition is missed.
    if (by.includes('lint') && mutant.kind !== 'condition not asked' && !isLimit) {
      const { outcomes } = await applyIsolationRules(superuser, rules);
      const failed = outcomes.find(
        ({ faults, couldNotRun }) => faults.length > 0 || couldNotRun !== undefined,
      );
      if (failed) {
        const [fault] = failed.faults;
        return {
          killer: 'lint',
          because: `${failed.rule.name}: ${fault ? `${fault.object}: ${fault.detail}` : failed.couldNotRun}`,
        };
      }
    }
    const [fault] = by.includes('role tests')
      ? await (isLimit ? probeLimits : probePrivileges)(superuser)
      : [];
    return fault === undefined ? undefined : { killer: 'role tests', because: fault };
  } finally {
    await superuser.query('rollback');
  }
}

/** The killers that try what must not be possible. */
async function act(
  clusterUrl: string,
  template: string,
  mutant: Mutant,
  by: readonly Killer[],
): Promise<Kill | undefined> {
  const withClone = async (work: (url: string) => Promise<string | undefined>) => {
    await using clone = await cloneDatabase(clusterUrl, template);
    await clone.run(mutant.sql);
    return await unlessBroken(() => work(clone.url));
  };
  const asked: Partial<Record<Killer, () => Promise<string | undefined>>> = {
    'role tests': () => withClone(async (url) => (await probe(url))[0]),
    injection: () =>
      withClone(async (url) => {
        const [breach] = (await runInjections(url, { until: 'first breach' })).breaches;
        return breach && `${breach.attack}: ${breach.what}`;
      }),
    'non-interference': () =>
      unlessBroken(async () => {
        const prepare = (clone: Clone) => clone.run(mutant.sql);
        return (await proveNonInterference(clusterUrl, template, { runs: 30, prepare })).difference;
      }),
  };
  for (const killer of by) {
    const because = await asked[killer]?.();
    if (because !== undefined) return { killer, because };
  }
  return undefined;
}

/** An error of SQL counts as noticed: when not even an organization can be planted, nobody overlooks the mutant. */
async function unlessBroken(work: () => Promise<string | undefined>): Promise<string | undefined> {
  try {
    return await work();
  } catch (error) {
    if (isSqlError(error)) return `nothing works any more: ${error.message}`;
    throw error;
  }
}
