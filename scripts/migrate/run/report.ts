import { counted } from '#platform/text/plural.ts';
import type { MigrationReport } from '#schema/migrations/migrate.ts';
import { isolationJson, isolationText } from '../isolation/report.ts';

/** The report, for programs. */
export function reportJson({ opened, isolation, ...report }: MigrationReport) {
  return {
    ...report,
    ...(opened && { opened: { after: opened.after, isolation: isolationJson(opened.isolation) } }),
    ...(isolation && { isolation: isolationJson(isolation) }),
  };
}

/** The report, for people. `statements` is the plan of a dry run, statement by statement. */
export function reportText(report: MigrationReport, statements = ''): string {
  const pending = report.pending.map(({ name }) => `\n  ${name}`).join('');
  if (report.dryRun) return planText(report, statements);
  const total = report.before + report.applied.length + report.pending.length;
  const done = [
    ...(report.applied.length ? [`${report.applied.length} of ${counted(total, 'migration')}`] : []),
    ...(report.functions.applied.length ? [counted(report.functions.applied.length, 'function file')] : []),
  ].join(' and ');
  const text = done ? `Applied ${done}.` : 'Nothing to apply.';
  const state = pending ? `${text} Still pending:${pending}` : `${text} The database is up to date.`;
  return [state + filledText(report), ...isolationParts(report)].join('\n\n');
}

function filledText({ applied }: MigrationReport): string {
  return applied
    .flatMap(({ name, filled }) => {
      if (!filled || filled.batches === 0) return [];
      const { rows, batches, longestBatchMs, othersWaitedMs, pausedMs } = filled;
      const waited = othersWaitedMs > 0 ? `, others waited up to ${Math.round(othersWaitedMs)} ms` : '';
      const paused = pausedMs > 0 ? `, paused for ${Math.round(pausedMs / 1000)} s` : '';
      return `\n${name}: ${counted(rows, 'row')} filled in ${counted(batches, 'batch', 'batches')}, the longest ${Math.round(longestBatchMs)} ms${waited}${paused}.`;
    })
    .join('');
}

function isolationParts({ opened, isolation }: MigrationReport): string[] {
  if (opened) {
    return [
      isolationText(opened.isolation),
      `The run stopped: these faults were not there before ${opened.after.join(', ')}. ${whatToDo}`,
    ];
  }
  return isolation && !isolation.ok ? [isolationText(isolation), whatToDo] : [];
}

const whatToDo = [
  'What was applied stays. Repair each fault in its function file or in a new migration, as described above, and migrate again.',
  'If somebody changed the database by hand, undo that change and run `npm run validate:isolation`.',
].join('\n');

function planText(report: MigrationReport, statements: string): string {
  const functions = report.functions.pending.map((name) => `\n  ${name}`).join('');
  if (report.pending.length === 0 && !functions) return 'Nothing to apply: the database is up to date.';
  return [
    ...(report.pending.length > 0 ? [`Would apply:\n${statements}`] : []),
    ...(functions ? [`Would run the function files:${functions}`] : []),
  ]
    .join('\n')
    .concat(refusedText(report));
}

function refusedText({ refused }: MigrationReport): string {
  return refused
    .map(({ name, message, remedy }) => `\nWould stop before ${name}: ${message}\n  ${remedy}`)
    .join('');
}
