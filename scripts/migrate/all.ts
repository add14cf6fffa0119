import { join } from 'node:path';
import { allowSwitch } from '#portability/moving-in/before-switch.ts';
import { lastOf } from '#portability/moving-in/steps.ts';
import { refuseUndecided } from '#portability/moving-in/undecided.ts';
import type { ReturnPoint } from '#recovery/contract-interlock.ts';
import { interlocked } from '#recovery/interlocked.ts';
import { readIsolationRules } from '#schema/lint/isolation-rules.ts';
import { defaultBatchLimits } from '#schema/migrations/backfill/batch-size.ts';
import { defaultPauseLimits } from '#schema/migrations/backfill/throttle.ts';
import { migrate, withClient } from '#schema/migrations/migrate.ts';
import { command } from '../cli/command.ts';
import { databaseOptions, findDatabaseUrl } from '../cli/database/database-url.ts';
import * as option from '../cli/option.ts';
import { paths } from '../paths.ts';
import { returnPointText } from '../recovery/return-point.ts';
import { exceptionsBeside, rulesFolder } from './isolation/lint-database.ts';
import { statementsText } from './plan/plan-text.ts';
import { type PlannedFile, planStatements } from './plan/statement-plan.ts';
import { reportJson, reportText } from './run/report.ts';
import { showEvents } from './run/show-events.ts';

const bytesPerMb = 1024 * 1024;

/** How often a file that met a lock is started again. */
const lockAttempts = 60;

await command({
  name: 'migrate:all',
  summary:
    'Migrates the database to the newest schema: applies every pending migration and changed function file.',
  description: [
    'You can run it again, run it twice at once, and interrupt it: each file is applied completely or not at all.',
    'A file that fills rows or builds indexes is continued where it stopped.',
    'No statement waits for a lock longer than --lock-timeout, so that requests do not queue up. It is then retried.',
    'An inventory that another program still works on is moved in: decide with migrate:org how, and run migrate:balance before.',
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
        'the folder with the migrations, with roles.sql, functions/ and lint/ beside it (default: those of this release)',
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
    { type: '--dry-run', does: 'prints what each pending statement would lock, and for how long' },
    { type: '--target 3 --database-url postgres://…', does: 'migrates that database up to migration 3' },
  ],
  run: async ({ options, signal, note, progress }) => {
    const databaseUrl = await findDatabaseUrl(options);
    const directory = options.migrations ?? paths.migrations;
    const returnPoints: ReturnPoint[] = [];
    const shown = showEvents(note, progress);
    const plan: PlannedFile[] = [];
    const source = { connectionString: databaseUrl, directory };
    await withClient(source, refuseUndecided);
    const interlock = interlocked(databaseUrl, (point) => {
      returnPoints.push(point);
      note(returnPointText(point));
    });
    const report = await migrate({
      ...options,
      ...source,
      maxReplicaLagBytes: options.maxReplicaLagMb * bytesPerMb,
      rules: await readIsolationRules(join(paths.root, rulesFolder), exceptionsBeside(directory)),
      lockAttempts,
      signal,
      onPlan: async (steps, client) => {
        plan.push(...(await planStatements(steps, client)));
      },
      wallFrom: lastOf.switch,
      beforeContract: async (file, client, run) => {
        await allowSwitch(file, client, run);
        await interlock?.(file, client, run);
      },
      onProgress: shown,
    });
    return {
      json: { ...reportJson(report), returnPoints, ...(report.dryRun ? { plan } : {}) },
      text: reportText(report, statementsText(plan, { lockTimeoutMs: options.lockTimeoutMs, lockAttempts })),
      failed: report.refused.length > 0 || report.opened !== undefined || report.isolation?.ok === false,
    };
  },
});
