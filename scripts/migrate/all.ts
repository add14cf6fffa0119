import { join } from 'node:path';
import { counted } from '#platform/plural.ts';
import type { ReturnPoint } from '#recovery/contract-interlock.ts';
import type { IsolationReport } from '#schema/lint/isolation-lint.ts';
import { readIsolationRules } from '#schema/lint/isolation-rules.ts';
import { type MigrationEvent, type MigrationReport, migrate } from '#schema/migrations/migrate.ts';
import { command } from '../cli/command.ts';
import { databaseOptions, findDatabaseUrl } from '../cli/database/database-url.ts';
import * as option from '../cli/option.ts';
import { paths } from '../paths.ts';
import { interlocked, returnPointText } from '../recovery/interlocked.ts';
import { lintDatabase, rulesFolder } from './isolation/lint-database.ts';
import { isolationJson, isolationText } from './isolation/report.ts';

await command({
  name: 'migrate:all',
  summary:
    'Migrates the database to the newest schema: applies every pending migration and changed function file.',
  description: [
    'You can run it again, run it twice at once, and interrupt it: each file is applied completely or not at all.',
    'A file that fills rows or builds indexes is continued where it stopped.',
    'No statement waits for a lock longer than --lock-timeout, so that requests do not queue up. It is then retried.',
    'On AWS, a migration marked "--! contract" needs a recent passed drill and a log that is shipped up to now. --dry-run',
    'reports whether it would run.',
    'At the newest schema, it also checks the isolation between organizations, like `npm run validate:isolation`.',
  ].join('\n'),
  options: {
    ...databaseOptions,
    until: option.text({
      description: 'stop after this migration: its number or its name',
      placeholder: 'migration',
    }),
    dryRun: option.flag({
      description: 'only list the migrations and function files that would be applied or refused',
    }),
    migrations: option.path({
      description:
        'the folder with the migrations, and roles.sql and functions/ beside it (default: those of this release)',
      placeholder: 'folder',
      exists: true,
    }),
    lockTimeoutMs: option.duration({
      flag: 'lock-timeout',
      description: 'the longest wait for a lock',
      default: 200,
      // To Postgres, 0 means no timeout.
      minMs: 1,
      maxMs: 3_600_000,
    }),
    turnWaitMs: option.duration({
      flag: 'turn-wait',
      description: 'how long to wait for another migration run',
      default: 60_000,
    }),
  },
  examples: [
    { type: '', does: 'migrates the local platform that `npm start` runs' },
    { type: '--dry-run', does: 'lists the pending migrations' },
    { type: '--until 3 --database-url postgres://…', does: 'migrates that database up to migration 3' },
  ],
  run: async ({ options, signal, note }) => {
    const databaseUrl = await findDatabaseUrl(options);
    const returnPoints: ReturnPoint[] = [];
    const report = await migrate({
      connectionString: databaseUrl,
      directory: options.migrations ?? paths.migrations,
      until: options.until,
      dryRun: options.dryRun,
      lockTimeoutMs: options.lockTimeoutMs,
      turnWaitMs: options.turnWaitMs,
      signal,
      beforeContract: interlocked(databaseUrl, (point) => {
        returnPoints.push(point);
        note(returnPointText(point));
      }),
      onProgress: (event) => note(eventText(event)),
    });
    // The rules describe the newest schema: earlier schemas break some of them.
    if (report.dryRun || report.pending.length > 0) {
      return {
        json: { ...report, returnPoints },
        text: reportText(report),
        failed: report.refused.length > 0,
      };
    }
    const isolation = await lintDatabase(
      databaseUrl,
      await readIsolationRules(join(paths.root, rulesFolder)),
    );
    const json = { ...report, returnPoints, isolation: isolationJson(isolation) };
    if (isolation.ok) return { json, text: reportText(report) };
    return { json, text: `${reportText(report)}\n\n${faultsText(isolation)}`, failed: true };
  },
});

function faultsText(isolation: IsolationReport): string {
  return [
    isolationText(isolation),
    'What was applied stays. Repair each fault in its function file or in a new migration, as described above, and migrate again.',
    'If somebody changed the database by hand, undo that change and run `npm run validate:isolation`.',
  ].join('\n');
}

function eventText(event: MigrationEvent): string {
  switch (event.kind) {
    case 'waiting':
      return `waiting for another migration run: ${event.holder}`;
    case 'planned':
      return `${counted(event.pending.length, 'file')} to apply`;
    case 'applying':
      return `${event.name} …`;
    case 'retrying':
      return `${event.name} waited too long for a lock and starts again (attempt ${event.attempt + 1})`;
    case 'filling':
      return `${event.name}: filled ${event.rowsFilled} of ${counted(event.rowsTotal, 'row')}${event.resumed ? ' (continued)' : ''}`;
    case 'applied':
      return `${event.name} applied in ${Math.round(event.durationMs)} ms`;
  }
}

function reportText(report: MigrationReport): string {
  const pending = report.pending.map(({ name }) => `\n  ${name}`).join('');
  if (report.dryRun) return planText(report, pending);
  const total = report.before + report.applied.length + report.pending.length;
  const done = [
    ...(report.applied.length ? [`${report.applied.length} of ${counted(total, 'migration')}`] : []),
    ...(report.functions.applied.length ? [counted(report.functions.applied.length, 'function file')] : []),
  ].join(' and ');
  const text = done ? `Applied ${done}.` : 'Nothing to apply.';
  return pending ? `${text} Still pending:${pending}` : `${text} The database is up to date.`;
}

function planText(report: MigrationReport, pending: string): string {
  const functions = report.functions.pending.map((name) => `\n  ${name}`).join('');
  if (!pending && !functions) return 'Nothing to apply: the database is up to date.';
  return [
    ...(pending ? [`Would apply:${pending}`] : []),
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
