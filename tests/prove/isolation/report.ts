import { counted } from '#platform/text/plural.ts';
import { sumOf, type Tally, tallyOf } from '../tally.ts';
import type { InjectionReport } from './injection/injection.ts';
import { killers, type MutantOutcome } from './mutants/score.ts';
import { type IsolationResults, isPerfect } from './results.ts';
import type { NonInterferenceReport } from './worlds/noninterference.ts';

/** The results for people. */
export function resultsText(results: IsolationResults): string {
  const { lint, roles, injection, injectionOnRds, nonInterference, plans, mutants } = results;
  const sections = [
    lint &&
      line(
        'lint',
        counted(lint.outcomes.length, 'rule'),
        counted(lintFaults(results).length, 'fault'),
        lintFaults(results),
      ),
    roles && line('roles, contexts, ledger', 'every rule tried', counted(roles.length, 'broken rule'), roles),
    injection && injectionText('injection', injection),
    injectionOnRds && injectionText('injection, as on RDS', injectionOnRds),
    nonInterference && nonInterferenceText(nonInterference),
    plans &&
      line(
        'plans',
        `${counted(plans.columns, 'column')} × 2 worlds × ${counted(plans.statements, 'statement')}`,
        counted(plans.differences.length, 'difference'),
        plans.differences,
      ),
    mutants && mutantsText(mutants),
    isPerfect(results) ? 'Isolation holds.' : 'Isolation does not hold: see above.',
  ];
  return sections.filter((section) => section !== undefined).join('\n\n');
}

/** The results for programs. */
export function resultsJson(results: IsolationResults): unknown {
  return {
    tally: tallyOfWall(results),
    perfect: isPerfect(results),
    lint: results.lint && { rules: results.lint.outcomes.length, faults: lintFaults(results) },
    roles: results.roles && { faults: results.roles },
    injection: results.injection,
    injectionOnRds: results.injectionOnRds,
    nonInterference: results.nonInterference,
    plans: results.plans,
    mutants: results.mutants && {
      total: results.mutants.length,
      killed: results.mutants.filter(({ killer }) => killer !== undefined).length,
      outcomes: results.mutants.map(({ mutant, killer, because }) => ({
        kind: mutant.kind,
        name: mutant.name,
        killer: killer ?? null,
        because: because ?? null,
      })),
    },
  };
}

/** Rules, attacks, worlds and removed safeguards; the roles are one, because they are tried together. */
function tallyOfWall(results: IsolationResults): Tally {
  const { lint, roles, injection, injectionOnRds, nonInterference, plans, mutants } = results;
  const attacked = [injection, injectionOnRds].flatMap((report) => report ?? []);
  const parts: readonly (Tally | undefined)[] = [
    lint && lost(lint.outcomes.length, lintFaults(results).length),
    roles && lost(1, roles.length),
    ...attacked.map(({ attacks, breaches }) =>
      lost(attacks, new Set(breaches.map(({ attack }) => attack)).size),
    ),
    nonInterference &&
      lost(
        nonInterference.sequences,
        nonInterference.difference === undefined ? nonInterference.gaps.length : 1,
      ),
    plans && lost(plans.columns, plans.differences.length),
    mutants && tallyOf(mutants, ({ killer }) => killer !== undefined),
  ];
  return sumOf(parts.flatMap((part) => part ?? []));
}

const lost = (tried: number, count: number): Tally => ({ tried, held: Math.max(0, tried - count) });

function lintFaults({ lint }: IsolationResults): string[] {
  return (lint?.outcomes ?? []).flatMap(({ rule, faults, couldNotRun }) => [
    ...faults.map(({ object, detail }) => `${rule.name}: ${object}: ${detail}`),
    ...(couldNotRun === undefined ? [] : [`${rule.name} could not run: ${couldNotRun}`]),
  ]);
}

function line(title: string, tried: string, found: string, details: readonly string[]): string {
  return [`${title.padEnd(28)}${tried}: ${found}`, ...details.map((detail) => `  ${detail}`)].join('\n');
}

function injectionText(
  title: string,
  { attacks, injections, breaches, remains, bystander }: InjectionReport,
): string {
  const seen = breaches.filter(({ kind }) => kind === 'seen').length;
  const text = line(
    title,
    `${counted(attacks, 'attack')}, ${counted(injections, 'injection')}`,
    `foreign rows seen: ${seen}, other breaches: ${breaches.length - seen}`,
    breaches.map(({ attack, way, kind, what }) => `${attack} (${way}): ${kind}: ${what}`),
  );
  const meanwhile = bystander && [
    `  meanwhile: ${counted(bystander.requests, 'request')} of a bystander, p99 ${bystander.p99Ms} ms, slowest ${bystander.slowestMs} ms`,
  ];
  const reasons = Map.groupBy(remains, ({ reason }) => reason);
  const known = [...reasons].map(
    ([reason, of]) =>
      `  known: ${counted(new Set(of.map(({ attack }) => attack)).size, 'attack')} without foreign rows that leave or disturb something: ${reason}`,
  );
  return [text, ...(meanwhile ?? []), ...known].join('\n');
}

function nonInterferenceText(report: NonInterferenceReport): string {
  const { routes, worlds, sequences, requests, difference, gaps } = report;
  return line(
    'non-interference',
    `${counted(routes, 'route')} × ${counted(worlds.length, 'world')} × ${counted(requests, 'request')} in ${counted(sequences, 'sequence')}`,
    `${counted(difference === undefined ? 0 : 1, 'difference')}, ${counted(gaps.length, 'gap')}`,
    [...(difference === undefined ? [] : difference.split('\n')), ...gaps.map((gap) => `not proven: ${gap}`)],
  );
}

function mutantsText(outcomes: readonly MutantOutcome[]): string {
  const survivors = outcomes.filter(({ killer }) => killer === undefined);
  const byKind = Map.groupBy(outcomes, ({ mutant }) => mutant.kind);
  const width = Math.max(...[...byKind.keys()].map((kind) => kind.length)) + 2;
  const columns = [...killers, 'survived'] as const;
  const row = (title: string, cells: readonly string[]) =>
    `  ${title.padEnd(width)}${cells.map((cell, index) => cell.padStart((columns[index]?.length ?? 0) + 2)).join('')}`;
  const table = [...byKind].map(([kind, of]) =>
    row(
      kind,
      columns.map((column) => String(of.filter(({ killer }) => (killer ?? 'survived') === column).length)),
    ),
  );
  return [
    line('mutants', `${outcomes.length} tried`, `${outcomes.length - survivors.length} killed`, []),
    row('', columns),
    ...table,
    ...survivors.map(({ mutant }) => `  survived: ${mutant.kind}: ${mutant.name}`),
  ].join('\n');
}
