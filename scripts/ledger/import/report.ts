import type { ImportReport } from '#ledger/imports/import-file.ts';
import type { Reject } from '#ledger/imports/rejects.ts';
import type { Answer } from '../../cli/command.ts';

/** What the answer needs besides the report. */
export interface ReportContext {
  readonly dryRun: boolean;
  readonly retryRejects: boolean;
  readonly durationMs: number;
  /** The rejects file; undefined when none was written. */
  readonly rejectsPath: string | undefined;
  /** The first rejects, to show. */
  readonly firstRejects: readonly Reject[];
}

/** The result of an import, and the next step. */
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
      ...lookAlikeLines(report),
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
  const created = dryRun ? 'to create' : 'created';
  return [
    dryRun ? 'Dry run: nothing was written to the database.' : report.finished ? 'Imported.' : 'Stopped.',
    `  lines          ${count(report.lines)}`,
    `  ${dryRun ? 'to apply ' : 'applied  '}      ${count(report.applied)} in ${count(report.entries)} ${report.entries === 1 ? 'entry' : 'entries'}`,
    `  applied before ${count(report.alreadyApplied)}`,
    `  rejected       ${count(report.rejected)}`,
    `  organizations  ${count(report.organizations)}, ${count(report.organizationsCreated.length)} ${created}`,
    `  items          ${count(report.itemsCreated)} ${created}`,
    `  locations      ${count(report.locationsCreated)} ${created}`,
    `  time           ${seconds.toFixed(1)} s, ${count(linesPerSecond)} lines per second`,
  ];
}

const shownLookAlikes = 5;

function lookAlikeLines({ lookAlikes, lookAlikeCount, organizations }: ImportReport): string[] {
  if (lookAlikeCount === 0) return [];
  const shown = lookAlikes.slice(0, shownLookAlikes);
  return [
    'Codes that look alike, check that they are not the same thing:',
    ...shown.map(({ organization, kind, code, like }) => {
      const place = organizations > 1 && kind !== 'organization' ? ` in ${organization}` : '';
      return `  the new ${kind} ${code}${place} looks like ${like.join(', ')}`;
    }),
    ...(lookAlikeCount > shown.length ? [`  … and ${count(lookAlikeCount - shown.length)} more`] : []),
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
      ? `All rejects: ${rejectsPath}. Correct that file and import it with the same profile.`
      : 'To list all rejects in a file, pass --rejects.',
  ];
}

function nextSteps(report: ImportReport, { dryRun, retryRejects }: ReportContext): string[] {
  if (!report.finished) return ['Run the same command again to continue: no line is applied twice.'];
  const steps: string[] = [];
  if (!dryRun && report.organizationsCreated.length > 0) {
    steps.push('The new organizations have no API key yet. To create one: npm run keys:create -- --help');
  }
  if (!dryRun && !retryRejects && report.rejected > 0) {
    steps.push(
      'Or, if only organizations, items or locations were missing: create them (--create-organizations, --create-items) and repeat with --retry-rejects.',
    );
  }
  return steps;
}

function count(number: number): string {
  return number.toLocaleString('en');
}
