import { counted } from '#platform/text/plural.ts';
import { rules } from '#schema/validator/rules/rules.ts';
import type { AllowedFinding, Finding } from '#schema/validator/validate.ts';
import type { FileRun } from './run/run-source.ts';
import type { SquawkFinding } from './squawk.ts';

/** Everything that a validation has found. */
export interface ValidationReport {
  readonly files: number;
  readonly findings: readonly Finding[];
  readonly allowed: readonly AllowedFinding[];
  /** Of the files that were run; undefined when none was. */
  readonly runs: readonly FileRun[] | undefined;
  /** Undefined when squawk was not asked. */
  readonly squawk: readonly SquawkFinding[] | undefined;
}

/** Whether nothing was found: squawk is a second opinion and does not count. */
export function isFaultless({ findings, runs = [] }: ValidationReport): boolean {
  return (
    findings.length === 0 &&
    runs.every(({ disagreements, failure }) => disagreements.length === 0 && failure === undefined)
  );
}

/** The report for programs. */
export function validationJson(report: ValidationReport) {
  const { files, findings, allowed, runs, squawk } = report;
  return {
    ok: isFaultless(report),
    files,
    rules: rules.length,
    findings: findings.map((finding) => ({ ...finding, page: pageOf(finding) ?? null })),
    allowed,
    disagreements: runs?.flatMap(({ disagreements }) => disagreements) ?? null,
    couldNotRun: runs?.flatMap(({ file, failure }) => (failure ? [{ file, reason: failure }] : [])) ?? null,
    notes: runs?.flatMap(({ file, notes }) => notes.map((note) => ({ file, note }))) ?? null,
    squawk: squawk ?? null,
  };
}

/** The report for people. */
export function validationText(report: ValidationReport): string {
  const { findings, allowed, runs = [], squawk } = report;
  return [
    ...findings.map(findingText),
    ...runs
      .flatMap(({ disagreements }) => disagreements)
      .map(
        ({ file, line, object, verdict, fact }) =>
          `${file}:${line}  verdict and fact differ\n  ${object}\n    verdict: ${verdict}\n    fact:    ${fact}`,
      ),
    ...runs.flatMap(({ file, failure }) => (failure ? [`${file}  could not run\n  ${failure}`] : [])),
    ...runs.flatMap(({ file, notes }) => notes.map((note) => `${file}  note: ${note}`)),
    ...allowed.map(
      ({ file, line, rule, object, reason }) => `${file}:${line}  allowed: ${rule} (${object})\n  ${reason}`,
    ),
    ...(squawk ? [squawkText(squawk)] : []),
    summary(report),
  ].join('\n\n');
}

/** One finding: what, where, what to do, and where to read more. */
export function findingText(finding: Finding): string {
  const { file, line, rule, object, detail, remedy } = finding;
  const page = pageOf(finding);
  return [
    `${file}:${line}  ${rule}`,
    `  ${object}: ${detail}`,
    `    ${remedy}`,
    ...(page ? [`  see ${page}`] : []),
  ].join('\n');
}

function pageOf({ rule }: Finding): string | undefined {
  return rules.some(({ name }) => name === rule) ? `docs/migrations/${rule}.md` : undefined;
}

function squawkText(findings: readonly SquawkFinding[]): string {
  const lines = findings.map(({ file, line, rule, detail }) => `  ${file}:${line}  ${rule}\n    ${detail}`);
  return [`squawk: ${counted(findings.length, 'finding')}`, ...lines].join('\n');
}

function summary(report: ValidationReport): string {
  const { files, findings, allowed, runs } = report;
  const disagreements = runs?.flatMap((run) => run.disagreements).length ?? 0;
  const notRun = runs?.filter(({ failure }) => failure !== undefined).length ?? 0;
  return [
    `${counted(files, 'file')}, ${counted(rules.length, 'rule')}: ${counted(findings.length, 'finding')}`,
    ...(allowed.length > 0 ? [`${allowed.length} allowed with a reason`] : []),
    ...(runs
      ? [
          disagreements === 0
            ? 'the verdicts agree with what Postgres did'
            : `${counted(disagreements, 'disagreement')} with Postgres`,
          ...(notRun > 0 ? [`${counted(notRun, 'file')} could not run`] : []),
        ]
      : ['not run']),
  ]
    .join('; ')
    .concat('.');
}
