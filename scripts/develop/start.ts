import { relative } from 'node:path';
import { styleText } from 'node:util';
import { scheduleOf, schedules } from '#functions/schedules.ts';
import { command } from '../cli/command.ts';
import { CommandError, UsageError } from '../cli/failure.ts';
import * as option from '../cli/option.ts';
import { alertText } from '../local/alert.ts';
import type { AccessLogLine } from '../local/gateway/server.ts';
import { type Platform, startPlatform } from '../local/platform.ts';
import { dueText, jobText } from '../local/schedule/report.ts';
import type { JobReport } from '../local/schedule/scheduler.ts';
import { paths } from '../paths.ts';
import { returnPointText } from '../recovery/return-point.ts';

await command({
  name: 'start',
  summary:
    'Runs Stockade on this machine: a local Postgres, S3, SNS and RDS, the migrations, the API, and the scheduled jobs.',
  description: [
    'The first start creates two demo organizations with stock. Data is kept between starts.',
    'Alerts are printed as they arrive, including those of commands in other terminals.',
    'Jobs run as often as they do on AWS, and each run prints a line. The backup jobs need the embedded Postgres.',
    'Set DATABASE_URL to use that Postgres instead of the embedded one. Its user must be able to run the migrations.',
  ].join('\n'),
  options: {
    data: option.path({
      description: 'the folder for the data',
      placeholder: 'folder',
      default: relative(process.cwd(), paths.data),
    }),
    port: option.integer({ description: 'the port of the API (default: a free port)', min: 1, max: 65_535 }),
    fresh: option.flag({
      description: 'start over: first delete the database and the evidence in the data folder',
    }),
    snapshotHours: option.integer({
      description: 'hours between two snapshots of the embedded database',
      placeholder: 'hours',
      min: 1,
      max: 24 * 35,
      default: 24,
    }),
    archiveSeconds: option.integer({
      description: 'seconds until the log is archived; you can restore up to the last archived part',
      placeholder: 'seconds',
      min: 1,
      max: 3_600,
      default: 60,
    }),
    retentionDays: option.integer({
      description: 'days to keep snapshots and WAL, 0 for no backups (default: as last time, at first 7)',
      placeholder: 'days',
      min: 0,
      max: 35,
    }),
    schedules: option.flag({
      flag: 'no-schedules',
      description: 'run only the heartbeat of the scheduled jobs; no backup can be proven without it',
    }),
    watch: option.flag({ description: 'load changed code with the next request' }),
  },
  examples: [
    { type: '', does: 'starts, on a free port' },
    { type: '--port 3000 --watch', does: 'starts for work on the code' },
    { type: '--fresh', does: 'starts with an empty database' },
  ],
  untilStopped: true,
  run: async ({ options, signal, note }) => {
    const databaseUrl = process.env.DATABASE_URL || undefined;
    if (databaseUrl && options.fresh) {
      throw new UsageError(
        '--fresh deletes the database, but never the one that DATABASE_URL names',
        'Unset DATABASE_URL, or delete that database yourself.',
      );
    }
    const platform = await startPlatform({
      ...options,
      databaseUrl,
      snapshotEveryHours: options.snapshotHours,
      archiveEveryMs: options.archiveSeconds * 1_000,
      onRequest: (line) => note(accessText(line)),
      schedules: options.schedules ? schedules : [scheduleOf('heartbeat')],
      onJob: (report) => {
        if (options.schedules || isTrouble(report)) note(jobText(report));
      },
      onAlert: (alert) => note(alertText(alert)),
      onReturnPoint: (point) => note(returnPointText(point)),
    });
    try {
      process.stdout.write(welcome(platform));
      await Promise.race([stopped(signal), platform.databaseEnded]);
      if (!signal.aborted) {
        throw new CommandError(
          'the database stopped unexpectedly',
          `Read ${options.data}/postgres/postgres.log, then run npm start again. The data is kept.`,
        );
      }
    } finally {
      await platform.stop();
    }
    return undefined;
  },
});

/** With --no-schedules only trouble is worth a line. */
function isTrouble({ kind }: JobReport): boolean {
  return kind !== 'done';
}

function welcome({ url, demo, due }: Platform): string {
  const bold = (text: string) => styleText('bold', text, { stream: process.stdout });
  const lines = [`Stockade is running at ${bold(url)}`, ''];
  const [first] = demo;
  const end = ['', 'Scheduled jobs:', '', dueText(due), '', 'Press Ctrl-C to stop. The data is kept.', ''];
  if (!first) {
    lines.push('The database already has organizations. To create another one: npm run org:create -- --help');
    return `${[...lines, ...end].join('\n')}\n`;
  }
  const curl = `curl -sS -w '\\n'`;
  const bearer = `-H 'Authorization: Bearer ${first.apiKey}'`;
  const receipt = JSON.stringify({
    kind: 'receipt',
    lines: [{ sku: 'TEA-EARL-GREY', location: 'LONDON', quantity: 12 }],
  });
  lines.push(
    ...demo.map(({ slug, apiKey }) => `API key of ${slug.padEnd(8)} ${apiKey}`),
    '',
    'Try it:',
    '',
    `${curl} ${bearer} ${url}/v1/items/TEA-EARL-GREY/balance`,
    '',
    `${curl} ${bearer} -H 'Content-Type: application/json' -d '${receipt}' ${url}/v1/movements`,
    '',
    `${curl} ${bearer} '${url}/v1/movements?sku=TEA-EARL-GREY&limit=5'`,
    ...end,
  );
  return `${lines.join('\n')}\n`;
}

function accessText({ method, path, status, durationMs }: AccessLogLine): string {
  return `${status} ${method} ${path} ${durationMs} ms`;
}

function stopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
