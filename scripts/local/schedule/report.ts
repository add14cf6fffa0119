import { styleText } from 'node:util';
import type { Job } from '#functions/schedules.ts';
import { describeFailure, failureText, withoutPasswords } from '#scripts/cli/failure.ts';
import { clockTime } from './outcome.ts';
import type { Due, JobReport } from './scheduler.ts';

/** What a person runs to look at the same thing by hand. */
const byHand: { readonly [Name in Job]?: string } = {
  'reconcile-balances': 'npm run reconcile:balances',
  'monitor-backups': 'npm run monitor:backups',
  'verify-snapshot': 'npm run verify:backup',
  tidy: 'npm run tidy',
};

/** One run of a job, as the terminal shows it. */
export function jobText(report: JobReport): string {
  const { job } = report.schedule;
  switch (report.kind) {
    case 'done':
      return `job ${job}: ${report.outcome} (${report.durationMs} ms)`;
    case 'failed': {
      const command = byHand[job as Job];
      const remedies = [
        `It runs again at ${timeOf(report.next)}. What to do: docs/runbook/job-errors.md`,
        ...(command ? [`To try at once: ${command}`] : []),
      ];
      const failed = styleText('red', 'FAILED', { stream: process.stderr });
      const failure = failureText(withoutPasswords(describeFailure(report.error)));
      const lines = [`job ${job}: ${failed} (${report.durationMs} ms)`, failure, ...remedies];
      return lines.join('\n').replaceAll('\n', '\n  ');
    }
    case 'skipped':
      return `job ${job}: still running since ${clockTime(report.since)}, so this run is skipped`;
    case 'interrupted':
      return `job ${job}: interrupted, running since ${clockTime(report.since)}; the next start continues its work`;
  }
}

/** When each job runs next: a line each. */
export function dueText(due: readonly Due[]): string {
  const jobs = Math.max(...due.map(({ schedule }) => schedule.job.length));
  const rates = Math.max(...due.map(({ schedule }) => rateText(schedule.expression).length));
  return due
    .map(
      ({ schedule: { job, expression }, next }) =>
        `  ${job.padEnd(jobs)}  ${rateText(expression).padEnd(rates)}  next at ${timeOf(next)}`,
    )
    .join('\n');
}

/** `every minute`, `every 15 minutes`; a cron expression stays what it is. */
function rateText(expression: string): string {
  const [, count, unit] = /^rate\((\d+) (.+)\)$/.exec(expression) ?? [];
  if (count === undefined) return expression;
  return count === '1' ? `every ${unit}` : `every ${count} ${unit}`;
}

/** A time to the second, as `2026-11-29 20:46:00 UTC`. */
function timeOf(at: Date): string {
  return `${at.toISOString().slice(0, 10)} ${clockTime(at)}`;
}
