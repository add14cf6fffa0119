import { join } from 'node:path';
import type { ReturnPoint } from '#recovery/contract-interlock.ts';
import { interlocked } from '#recovery/interlocked.ts';
import { readIsolationRules } from '#schema/lint/isolation-rules.ts';
import { defaultBatchLimits } from '#schema/migrations/backfill/batch-size.ts';
import { defaultPauseLimits } from '#schema/migrations/backfill/throttle.ts';
import { migrate } from '#schema/migrations/migrate.ts';
import { command } from '../cli/command.ts';
import { databaseOptions, findDatabaseUrl } from '../cli/database/database-url.ts';
import * as option from '../cli/option.ts';
import { paths } from '../paths.ts';
<<<<<<< HEAD
import { returnPointText } from '../recovery/return-point.ts';
import { rulesFolder } from './isolation/lint-database.ts';
import { reportJson, reportText } from './run/report.ts';
import { showEvents } from './run/show-events.ts';

const bytesPerMb = 1024 * 1024;
=======
import { interlocked, returnPointText } from '../recovery/interlocked.ts';
import { lintDatabase, rulesFolder } from './isolation/lint-database.ts';
import { isolationJson, isolationText } from './isolation/report.ts';
import { statementsText } from './plan/plan-text.ts';
import { type PlannedFile, planStatements } from './plan/statement-plan.ts';

/** How often a file that met a lock is started again. */
const lockAttempts = 60;
>>>>>>> 149e7f4 (feat(schema): validate migrations by command, prove it on a corpus, and plan each statement of a dry run)

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
    'After each migration it checks the isolation between organizations, and stops when a new fault has appeared. At the',
    'newest schema it checks all of it, like `npm run validate:isolation`.',
    'A file that fills rows does so in batches of about --batch-time, because writers may wait for the rows of a batch. It',
    'pauses while a replica is behind or a transaction stays open, and stops after --max-pause; run it again to continue.',
  ].join('\n'),
  options: {
    ...databaseOptions,
    target: option.text({
      description: 'stop after this migration: its number or its name',
      placeholder: 'migration',
    }),
    dryRun: option.flag({
      description:
        'only print the plan: each statement with its lock, the size of its tables, what it reads or writes, and the time',
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
    batchTimeMs: option.duration({
      flag: 'batch-time',
      description: 'how long one batch of rows should take',
      default: defaultBatchLimits.batchTimeMs,
      minMs: 1,
      maxMs: 60_000,
    }),
    backfillBatch: option.integer({
      flag: 'batch-rows',
      description: 'the most rows of one batch',
      default: defaultBatchLimits.backfillBatch,
      min: 1,
      max: 1_000_000,
    }),
    maxReplicaLagMs: option.duration({
      flag: 'max-replica-lag',
      description: 'pause while a replica is further behind',
      default: defaultPauseLimits.maxReplicaLagMs,
    }),
    maxReplicaLagMb: option.integer({
      flag: 'max-replica-wal',
      description: 'pause while a replica has more megabytes of WAL to replay',
      default: defaultPauseLimits.maxReplicaLagBytes / bytesPerMb,
      min: 1,
    }),
    maxTransactionAgeMs: option.duration({
      flag: 'max-transaction-age',
      description: 'pause while a transaction has been open for longer',
      default: defaultPauseLimits.maxTransactionAgeMs,
    }),
    maxPauseMs: option.duration({
      flag: 'max-pause',
      description: 'stop after a pause of this length',
      default: defaultPauseLimits.maxPauseMs,
    }),
  },
  examples: [
    { type: '', does: 'migrates the local platform that `npm start` runs' },
<<<<<<< HEAD
    { type: '--dry-run', does: 'lists the pending migrations' },
    { type: '--target 3 --database-url postgres://…', does: 'migrates that database up to migration 3' },
=======
    { type: '--dry-run', does: 'prints what each pending statement would lock, and for how long' },
    { type: '--until 3 --database-url postgres://…', does: 'migrates that database up to migration 3' },
>>>>>>> 149e7f4 (feat(schema): validate migrations by command, prove it on a corpus, and plan each statement of a dry run)
  ],
  run: async ({ options, signal, note, progress }) => {
    const databaseUrl = await findDatabaseUrl(options);
    const returnPoints: ReturnPoint[] = [];
<<<<<<< HEAD
    const shown = showEvents(note, progress);
=======
    const plan: PlannedFile[] = [];
>>>>>>> 149e7f4 (feat(schema): validate migrations by command, prove it on a corpus, and plan each statement of a dry run)
    const report = await migrate({
      ...options,
      connectionString: databaseUrl,
      directory: options.migrations ?? paths.migrations,
<<<<<<< HEAD
      maxReplicaLagBytes: options.maxReplicaLagMb * bytesPerMb,
      rules: await readIsolationRules(join(paths.root, rulesFolder)),
=======
      until: options.until,
      dryRun: options.dryRun,
      lockTimeoutMs: options.lockTimeoutMs,
      lockAttempts,
      turnWaitMs: options.turnWaitMs,
>>>>>>> 149e7f4 (feat(schema): validate migrations by command, prove it on a corpus, and plan each statement of a dry run)
      signal,
      onPlan: async (steps, client) => {
        plan.push(...(await planStatements(steps, client)));
      },
      beforeContract: interlocked(databaseUrl, (point) => {
        returnPoints.push(point);
        note(returnPointText(point));
      }),
      onProgress: shown,
    });
<<<<<<< HEAD
    return {
      json: { ...reportJson(report), returnPoints },
      text: reportText(report),
      failed: report.refused.length > 0 || report.opened !== undefined || report.isolation?.ok === false,
    };
  },
});
=======
    // The rules describe the newest schema: earlier schemas break some of them.
    if (report.dryRun) {
      return {
        json: { ...report, returnPoints, plan },
        text: planText(report, statementsText(plan, { lockTimeoutMs: options.lockTimeoutMs, lockAttempts })),
        failed: report.refused.length > 0,
      };
    }
    if (report.pending.length > 0) return { json: { ...report, returnPoints }, text: reportText(report) };
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
  const total = report.before + report.applied.length + report.pending.length;
  const done = [
    ...(report.applied.length ? [`${report.applied.length} of ${counted(total, 'migration')}`] : []),
    ...(report.functions.applied.length ? [counted(report.functions.applied.length, 'function file')] : []),
  ].join(' and ');
  const text = done ? `Applied ${done}.` : 'Nothing to apply.';
  return pending ? `${text} Still pending:${pending}` : `${text} The database is up to date.`;
}

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
>>>>>>> 149e7f4 (feat(schema): validate migrations by command, prove it on a corpus, and plan each statement of a dry run)
