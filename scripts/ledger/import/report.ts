import type { ImportReport } from '#ledger/imports/import-file.ts';
import type { Reject } from '#ledger/imports/rejects.ts';
import type { Answer } from '../../cli/command.ts';

/** What else the answer tells. */
export interface ReportContext {
  readonly dryRun: boolean;
  readonly retryRejects: boolean;
  readonly durationMs: number;
  /** Where the rejects are; undefined when none were written. */
  readonly rejectsPath: string | undefined;
  /** The first of them. */
  readonly firstRejects: readonly Reject[];
}

/** What an import has done, and what to do next. */
export function importAnswer(report: ImportReport, context: ReportContext): Answer {
  const seconds = context.durationMs / 1_000;
  const linesPerSecond = Math.round(report.lines / seconds);
  return {
    json: {
      ...report,
      dryRun: context.dryRun,
      seconds: Math.round(seconds * 1_000) / 1_000,
      linesPerSecond,
      rejects: context.rejectsPath ?? null,
    },
    text: [
      ...summary(report, context, seconds, linesPerSecond),
      ...rejectLines(report, context),
      ...nextSteps(report, context),
    ].join('\n'),
  };
}

function summary(
  report: ImportReport,
  { dryRun }: ReportContext,
  seconds: number,
  linesPerSecond: number,
): string[] {
  const made = dryRun ? 'to be made' : 'made';
  return [
    dryRun ? 'Dry run: nothing was written to the database.' : report.finished ? 'Imported.' : 'Stopped.',
    `  lines          ${count(report.lines)}`,
    `  ${dryRun ? 'to apply ' : 'applied  '}      ${count(report.applied)} in ${count(report.entries)} entries`,
    `  applied before ${count(report.alreadyApplied)}`,
    `  rejected       ${count(report.rejected)}`,
    `  organizations  ${count(report.organizations)}, ${count(report.organizationsCreated.length)} ${made}`,
    `  items          ${count(report.itemsCreated)} ${made}`,
    `  locations      ${count(report.locationsCreated)} ${made}`,
    `  time           ${seconds.toFixed(1)} s, ${count(linesPerSecond)} lines a second`,
  ];
}

function rejectLines(report: ImportReport, { firstRejects, rejectsPath }: ReportContext): string[] {
  if (!report.finished || report.rejected === 0) return [];
  const more = report.rejected - firstRejects.length;
  return [
    'Rejected:',
    ...firstRejects.map(({ line, reason }) => `  line ${line}: ${reason}`),
    ...(more > 0 ? [`  … and ${count(more)} more`] : []),
    rejectsPath
      ? `All of them: ${rejectsPath}. Correct them there and import that file with the same profile.`
      : 'Name a file with --rejects to have all of them listed.',
  ];
}

function nextSteps(report: ImportReport, { dryRun, retryRejects }: ReportContext): string[] {
  if (!report.finished)
    return ['Run the same command again to go on: what is applied will not be applied again.'];
  const steps: string[] = [];
  if (!dryRun && report.organizationsCreated.length > 0) {
    steps.push(
      'The new organizations have no API key yet: nobody can call the API for them until you make one.',
    );
  }
  if (!dryRun && !retryRejects && report.rejected > 0) {
    steps.push(
      'Or, when only something was missing: make it (--create-organizations, --create-items) and repeat with --retry-rejects.',
    );
  }
  return steps;
}

function count(number: number): string {
  return number.toLocaleString('en');
}
