import { join } from 'node:path';
import type { TableDifference } from '#recovery/restore-org/difference.ts';
import {
  type RestorePhase,
  type RestoreReport,
  restoreOrganization,
} from '#recovery/restore-org/restore-org.ts';
import { command } from './cli/command.ts';
import { withRole } from './cli/connect.ts';
import { databaseOptions, findDatabaseUrl } from './cli/database-url.ts';
import { CommandError, UsageError } from './cli/failure.ts';
import * as option from './cli/option.ts';
import { confirm } from './org/confirm.ts';
import { refuseItself } from './recovery/not-production.ts';

await command({
  name: 'restore:org',
  summary: 'Brings one organization back from a restored copy.',
  description: [
    'As it was then, or with --merge only the rows that production has lost. One transaction replaces what is there, and',
    'every other organization is digested before and after: they go on working and are not touched. The organization must',
    'be suspended and stays so. Its API keys stay those of today. What there was before stays in a folder.',
    'Prepare the copy with npm run restore, and see what differs with --dry-run.',
  ].join('\n'),
  options: {
    org: option.text({ description: 'the slug of the organization', placeholder: 'slug', required: true }),
    from: option.postgresUrl({
      description: 'the restored copy, as postgres://user:password@host:port/name',
      required: true,
    }),
    merge: option.flag({ description: 'keep what there is, and add what was lost' }),
    keep: option.path({
      description: 'the folder for what there was before (default: in .stockade/restores)',
      placeholder: 'folder',
    }),
    yes: option.flag({ description: 'do not ask' }),
    dryRun: option.flag({ description: 'say what differs, and change nothing' }),
    ...databaseOptions,
  },
  examples: [
    { type: '--org acme --from postgres://… --dry-run', does: 'tells what differs, table by table' },
    { type: '--org acme --from postgres://… --merge', does: 'brings back the rows that were lost' },
    { type: '--org acme --from postgres://…', does: 'makes it what it was then, after asking' },
  ],
  run: async ({ options, signal, progress, note }) => {
    const { org, from, merge, dryRun } = options;
    const databaseUrl = await findDatabaseUrl(options);
    await refuseItself(from, databaseUrl);
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
    const report = await withRole(from, 'stockade_admin', (copyAdmin) =>
      withRole(from, 'stockade_jobs', (copyJobs) =>
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
    return {
      json: { dryRun, ...report },
      text: textOf(report, dryRun),
      failed: report.obstacle !== undefined,
    };
  },
});

function textOf(report: RestoreReport, dryRun: boolean): string {
  const { organization, mode, copiedAt, copiedAtBy, differences, obstacle, restored } = report;
  const lines = [
    `${organization.slug} (${organization.id}), in the copy as of ${copiedAt}${copiedAtBy === 'heartbeat' ? '' : ' or later'}:`,
    ...differences.filter(isDifferent).map(differenceText),
  ];
  if (!differences.some(isDifferent)) lines.push('  the copy and production are the same');
  if (obstacle) return [...lines, `It would be refused: ${obstacle.message}.`, obstacle.remedy].join('\n');
  if (dryRun) return [...lines, 'Nothing was changed.'].join('\n');
  if (!restored) return [...lines, 'There was nothing to bring back; nothing was changed.'].join('\n');
  const { others } = restored;
  lines.push(
    mode === 'merge' ? 'What was lost is there again.' : 'It is as it was then.',
    `Other organizations: ${others.organizations}, of which ${others.unchanged} are unchanged to the letter and ` +
      `${others.changedByThemselves} have worked meanwhile; none was touched.`,
  );
  if (restored.balancesRecomputed > 0) {
    lines.push(`Balances made what their movements add up to: ${restored.balancesRecomputed}.`);
  }
  if (restored.keysRevoked > 0) {
    lines.push(
      `API keys that came back revoked, since nobody knows whether they had been: ${restored.keysRevoked}. Make new ones.`,
    );
  }
  if (restored.before) lines.push(`What there was before: ${restored.before}`);
  lines.push(`It is suspended: look at it, and then npm run org:resume -- --org ${organization.slug}`);
  return lines.join('\n');
}

function isDifferent({ lost, since, changed }: TableDifference): boolean {
  return lost + since + changed > 0;
}

function differenceText({ table, past, present, lost, since, changed }: TableDifference): string {
  return `  ${table}: ${past} rows then, ${present} now; ${lost} lost, ${since} made since, ${changed} changed`;
}

async function ask(org: string, merge: boolean, signal: AbortSignal): Promise<void> {
  if (!process.stdin.isTTY) {
    throw new UsageError('there is no terminal to ask on', 'Pass --yes to restore without being asked.');
  }
  process.stderr.write(
    merge
      ? `This adds to ${org} what it has lost.\n`
      : `This replaces everything of ${org} by what the copy has; what it has done since is then in a folder only.\n`,
  );
  if (await confirm(`Type ${org} to go on: `, org, signal)) return;
  throw new CommandError('nothing was restored: that was not its slug');
}
