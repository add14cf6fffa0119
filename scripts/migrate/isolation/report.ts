import { counted } from '#platform/text/plural.ts';
import type { IsolationReport, RuleOutcome } from '#schema/lint/isolation-lint.ts';
import type { IsolationRule } from '#schema/lint/isolation-rules.ts';

/** The page that explains a rule, relative to the root of the checkout. */
export function pageOf({ name }: IsolationRule): string {
  return `docs/isolation/${name}.md`;
}

/** The report for programs: a flat list of faults, and one of rules that could not run. */
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

/** The report for people: each fault, its place, its remedy and its page. */
export function isolationText(report: IsolationReport): string {
  return [...isolationFaults(report), summary(report)].join('\n\n');
}

/** A paragraph for each rule that found a fault or could not run. */
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
  const rules = counted(outcomes.length, 'rule');
  if (ok)
    return `No faults: organizations are isolated from each other (${rules}, ${Math.round(durationMs)} ms).`;
  const faults = outcomes.reduce((sum, outcome) => sum + outcome.faults.length, 0);
  const notRun = outcomes.filter(({ couldNotRun }) => couldNotRun !== undefined).length;
  const blind = notRun > 0 ? [`${counted(notRun, 'rule')} could not run`] : [];
  return `${[counted(faults, 'fault'), ...blind].join(', ')} (${rules}).`;
}
