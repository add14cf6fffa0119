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
  summary: 'Brings one organization back from a point in time, or from a restored copy.',
  description: [
    'As it was then, or with --merge only the rows that production has lost. One transaction replaces what is there, and',
    'every other organization is digested before and after: they go on working and are not touched. The organization must',
    'be suspended and stays so. Its API keys stay those of today. What there was before stays in a folder.',
    'With --at the database of that time is restored beside production first, as npm run restore does, and proven; broken',
    'off, the same command carries on with that copy. It stays, and the commands that delete it are told. See what differs',
    'with --dry-run, which makes the copy as well: there is nothing to compare without it.',
  ].join('\n'),
  options: {
    org: option.text({ description: 'the slug of the organization', placeholder: 'slug', required: true }),
    at: option.instant({
      description: 'the point in time to restore and take it from, such as 2026-03-01T09:30:00Z',
    }),
    from: option.postgresUrl({
      description: 'in the place of --at: a restored copy, as postgres://user:password@host:port/name',
    }),
    merge: option.flag({ description: 'keep what there is, and add what was lost' }),
    keep: option.path({
      description: 'the folder for what there was before (default: in .stockade/restores)',
      placeholder: 'folder',
    }),
    yes: option.flag({ description: 'do not ask' }),
    dryRun: option.flag({ description: 'say what differs, and change nothing in production' }),
    ...databaseOptions,
  },
  examples: [
    {
      type: '--org acme --at 2026-03-01T09:30:00Z --merge --dry-run',
      does: 'restores half past nine, and tells what was lost since then, table by table',
    },
    { type: '--org acme --at 2026-03-01T09:30:00Z --merge', does: 'brings back the rows that were lost' },
    { type: '--org acme --from postgres://…', does: 'makes it what it is in that copy, after asking' },
  ],
  run: async ({ options, signal, progress, note }) => {
    const { org, at, from, merge, dryRun } = options;
    if ((at === undefined) === (from === undefined)) {
      throw new UsageError('either --at or --from says where it is to come from', 'Pass one of them.');
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
    throw new UsageError('there is no terminal to ask on', 'Pass --yes to restore without being asked.');
  }
  process.stderr.write(
    merge
      ? `This adds to ${org} what it has lost.\n`
      : `This replaces everything of ${org} by what it was then; what it has done since is then in a folder only.\n`,
  );
  if (await confirm(`Type ${org} to go on: `, org, signal)) return;
  throw new CommandError('nothing was restored: that was not its slug');
}
