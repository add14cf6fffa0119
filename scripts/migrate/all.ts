import { join } from 'node:path';
import type { ReturnPoint } from '#recovery/contract-interlock.ts';
import type { IsolationReport } from '#schema/lint/isolation-lint.ts';
import { readIsolationRules } from '#schema/lint/isolation-rules.ts';
import { type MigrationEvent, migrate } from '#schema/migrations/migrate.ts';
import { command } from '../cli/command.ts';
import { databaseOptions, findDatabaseUrl } from '../cli/database/database-url.ts';
import * as option from '../cli/option.ts';
import { paths } from '../paths.ts';
import { interlocked, returnPointText } from '../recovery/interlocked.ts';
import { lintDatabase, rulesFolder } from './isolation/lint-database.ts';
import { isolationJson, isolationText } from './isolation/report.ts';

await command({
  name: 'migrate:all',
  summary: 'Brings the database to the newest schema: applies every migration it lacks, in order.',
  description: [
    'Safe to run again, to run twice at once and to interrupt: each migration is applied whole or not at all.',
    'No statement waits for a lock longer than --lock-timeout, so that nobody queues behind it; it is tried again.',
    'One marked "--! contract" runs on AWS only when a drill has passed lately and the log is shipped up to now; --dry-run',
    'says whether it would.',
    'At the newest schema it then looks for holes in the wall between organizations, as `npm run validate:isolation` does.',
  ].join('\n'),
  options: {
    ...databaseOptions,
    until: option.text({
      description: 'stop after this migration: its number or its name',
      placeholder: 'migration',
    }),
    dryRun: option.flag({ description: 'only list what would be applied, and what would be refused' }),
    migrations: option.path({
      description: 'the folder of the migrations, with roles.sql beside it (else: those of this release)',
      placeholder: 'folder',
      exists: true,
    }),
    lockTimeoutMs: option.duration({
      flag: 'lock-timeout',
      description: 'the longest wait for a lock',
      default: 200,
      // To Postgres none at all means for ever.
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
    { type: '--dry-run', does: 'lists what would be applied' },
    { type: '--until 3 --database-url postgres://…', does: 'migrates that database up to number 3' },
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
    // The rules are those of the newest schema: on the way there faults are to be expected.
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
    'The migrations stay applied. Mend each fault in a new migration, as it says above, and migrate again;',
    'what was changed by hand, change back and run `npm run validate:isolation`.',
  ].join('\n');
}

function eventText(event: MigrationEvent): string {
  switch (event.kind) {
    case 'waiting':
      return `waiting for another migration run: ${event.holder}`;
    case 'planned':
      return `${event.pending.length} to apply`;
    case 'applying':
      return `${event.name} …`;
    case 'retrying':
      return `${event.name} met a lock and starts again (attempt ${event.attempt + 1})`;
    case 'applied':
      return `${event.name} applied in ${Math.round(event.durationMs)} ms`;
  }
}

function reportText(report: Awaited<ReturnType<typeof migrate>>): string {
  const pending = report.pending.map(({ name }) => `\n  ${name}`).join('');
  if (report.dryRun)
    return pending
      ? `Would apply:${pending}${refusedText(report)}`
      : 'Nothing to apply: the database is up to date.';
  const done = report.applied.length
    ? `Applied ${report.applied.length} of ${report.before + report.applied.length + report.pending.length} migrations.`
    : 'Nothing to apply.';
  return pending ? `${done} Left out:${pending}` : `${done} The database is up to date.`;
}

function refusedText({ refused }: Awaited<ReturnType<typeof migrate>>): string {
  return refused
    .map(({ name, message, remedy }) => `\nWould stop before ${name}: ${message}\n  ${remedy}`)
    .join('');
}
