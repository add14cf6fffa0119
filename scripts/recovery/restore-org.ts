import { join } from 'node:path';
import {
  type RestorePhase,
  type RestoreReport,
  restoreOrganization,
} from '#portability/restore-org/restore-org.ts';
import { useLocalAws } from '../cli/aws-environment.ts';
import { command } from '../cli/command.ts';
import { withRole } from '../cli/database/connect.ts';
import { databaseOptions, findDatabaseUrl } from '../cli/database/database-url.ts';
import { CommandError, UsageError } from '../cli/failure.ts';
import * as option from '../cli/option.ts';
import { confirm } from '../org/confirm.ts';
import { refuseItself } from './not-production.ts';
import { copyText, type OrganizationCopy, withOrganizationCopy } from './organization-copy.ts';
import { restoreText } from './restore-org-report.ts';

await command({
  name: 'restore:org',
  summary: 'Restores one organization from a point in time, or from a restored copy of the database.',
  description: [
    'It restores the organization as of that time, or with --merge only the rows that production has lost. One transaction',
    'replaces the data. The others go on working and are not touched: digests before and after show it. The organization',
    'must be suspended, and stays suspended. Its API keys stay those of today. The replaced data is kept in a folder.',
    'With --at, it first restores the database of that time beside production, like npm run restore, and proves it. After an',
    'interruption, the same command continues with that copy. It does not delete the copy, but prints the commands for it.',
    '--dry-run creates the copy too, and shows the differences.',
  ].join('\n'),
  options: {
    org: option.text({ description: 'the slug of the organization', placeholder: 'slug', required: true }),
    at: option.instant({
      description: 'the point in time to restore, such as 2026-03-01T09:30:00Z',
    }),
    from: option.postgresUrl({
      description: 'a restored copy instead of --at, as postgres://user:password@host:port/name',
    }),
    merge: option.flag({ description: 'keep the present rows, and add only the lost ones' }),
    keep: option.path({
      description: 'the folder for the replaced data (default: in .stockade/restores)',
      placeholder: 'folder',
    }),
    yes: option.flag({ description: 'do not ask for confirmation' }),
    dryRun: option.flag({ description: 'report the differences, and change nothing in production' }),
    ...databaseOptions,
  },
  examples: [
    {
      type: '--org acme --at 2026-03-01T09:30:00Z --merge --dry-run',
      does: 'restores a copy as of 9:30, and reports what was lost since then, per table',
    },
    { type: '--org acme --at 2026-03-01T09:30:00Z --merge', does: 'restores the lost rows' },
    { type: '--org acme --from postgres://…', does: 'replaces acme by its state in that copy, after asking' },
  ],
  run: async ({ options, signal, progress, note }) => {
    const { org, at, from, merge, dryRun } = options;
    if ((at === undefined) === (from === undefined)) {
      throw new UsageError('either --at or --from must name the source', 'Pass one of them.');
    }
    const databaseUrl = await findDatabaseUrl(options);
    if (from !== undefined) await refuseItself(from, databaseUrl);
    if (at !== undefined) await useLocalAws(options);
    if (!dryRun && !options.yes) await ask(org, merge, signal);
    const stamp = new Date().toISOString().replace(/[:.]/g, '-');
    const work = options.keep ?? join('.stockade/restores', `${org}-${stamp}`);
    let phaseNow: RestorePhase | undefined;
    const onProgress = (phase: RestorePhase, rows: number, total: number) => {
      if (phase !== phaseNow) {
        if (phaseNow) progress.stop();
        phaseNow = phase;
        note(`${phase[0]?.toUpperCase()}${phase.slice(1)} …`);
        if (total > 0) progress.start(total, 'rows');
      }
      if (total > 0) progress.update(rows);
    };
    const restoreFrom = (copyUrl: string) =>
      withRole(copyUrl, 'stockade_admin', (copyAdmin) =>
        withRole(copyUrl, 'stockade_jobs', (copyJobs) =>
          withRole(databaseUrl, 'stockade_admin', (admin) =>
            withRole(databaseUrl, 'stockade_jobs', (jobs) =>
              restoreOrganization(
                { copyAdmin, copyJobs, admin, jobs },
                { slug: org, mode: merge ? 'merge' : 'as_it_was', work, dryRun, signal, onProgress },
              ),
            ),
          ),
        ),
      );
    const answerOf = (report: RestoreReport, copy?: OrganizationCopy) => ({
      json: { dryRun, ...report, copy: copy ?? null },
      text: restoreText(report, dryRun) + (copy ? `\n${copyText(copy)}` : ''),
      failed: report.obstacle !== undefined,
    });
    if (at === undefined) return answerOf(await restoreFrom(from ?? ''));
    const wish = { slug: org, at, databaseUrl, dryRun, signal, note };
    return await withOrganizationCopy(wish, async (copy) => answerOf(await restoreFrom(copy.url), copy));
  },
});

async function ask(org: string, merge: boolean, signal: AbortSignal): Promise<void> {
  if (!process.stdin.isTTY) {
    throw new UsageError('there is no terminal to ask on', 'Pass --yes to restore without a question.');
  }
  process.stderr.write(
    merge
      ? `This adds the lost rows to ${org}.\n`
      : `This replaces all data of ${org} by its state at that time. Newer data stays only in a folder.\n`,
  );
  if (await confirm(`Type ${org} to continue: `, org, signal)) return;
  throw new CommandError('nothing was restored: you did not type its slug');
}
