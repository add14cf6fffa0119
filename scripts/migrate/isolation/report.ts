import type { IsolationReport, RuleOutcome } from '#schema/lint/isolation-lint.ts';
import type { IsolationRule } from '#schema/lint/isolation-rules.ts';

/** The page that explains a rule, below the root of the checkout. */
export function pageOf({ name }: IsolationRule): string {
  return `docs/isolation/${name}.md`;
}

/** A report for programs: one flat list of faults, one of rules that could not run. */
export function isolationJson({ ok, durationMs, outcomes }: IsolationReport) {
  return {
    ok,
    durationMs: Math.round(durationMs),
    rules: outcomes.length,
    faults: outcomes.flatMap(({ rule, faults }) => faults.map((fault) => ({ ...about(rule), ...fault }))),
    couldNotRun: outcomes.flatMap(({ rule, couldNotRun }) =>
      couldNotRun === undefined ? [] : [{ ...about(rule), reason: couldNotRun }],
    ),
  };
}

/** A report for people: what is wrong, where, what to do about it and where to read more. */
export function isolationText(report: IsolationReport): string {
  return [...isolationFaults(report), summary(report)].join('\n\n');
}

/** A paragraph for each rule that found something or could not run; none when all is well. */
export function isolationFaults({ outcomes }: IsolationReport): string[] {
  return outcomes.flatMap((outcome) => paragraph(outcome) ?? []);
}

function about(rule: IsolationRule) {
  const { number, name, title, level } = rule;
  return { rule: number, name, title, level, page: pageOf(rule) };
}

function paragraph({ rule, faults, couldNotRun }: RuleOutcome): string | undefined {
  if (couldNotRun !== undefined) {
    return `NOT RUN   ${rule.number} ${rule.title}\n  ${couldNotRun}\n  see ${pageOf(rule)}`;
  }
  if (faults.length === 0) return undefined;
  return [
    `${rule.level.toUpperCase().padEnd(8)}  ${rule.number} ${rule.title}`,
    ...faults.map(({ object, detail, remedy }) => `  ${object}: ${detail}\n    ${remedy}`),
    `  see ${pageOf(rule)}`,
  ].join('\n');
}

function summary({ ok, durationMs, outcomes }: IsolationReport): string {
  const rules = count(outcomes.length, 'rule');
  if (ok) return `No fault: the wall is as it must be (${rules}, ${Math.round(durationMs)} ms).`;
  const faults = outcomes.reduce((sum, outcome) => sum + outcome.faults.length, 0);
  const notRun = outcomes.filter(({ couldNotRun }) => couldNotRun !== undefined).length;
  return `${[count(faults, 'fault'), ...(notRun > 0 ? [`${count(notRun, 'rule')} could not run`] : [])].join(', ')} (${rules}).`;
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}
