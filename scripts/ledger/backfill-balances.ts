import type pg from 'pg';
import {
  type BackfillReport,
  backfillOrganization,
  previewBackfill,
} from '#audit/reconciliation/backfill.ts';
import { labelText, readLabels } from '#audit/reconciliation/runs/labels.ts';
import { command } from '../cli/command.ts';
import { withRole } from '../cli/database/connect.ts';
import { databaseOptions, findDatabaseUrl } from '../cli/database/database-url.ts';
import { dryRunDescription } from '../cli/dry-run.ts';
import * as option from '../cli/option.ts';
import { attempt } from './reconcile/attempt.ts';
import { findOrganizations, type Organization } from './reconcile/organizations.ts';
import type { Outcome } from './reconcile/report.ts';

await command({
  name: 'backfill:balances',
  summary: 'Builds the balances from the movements, while movements are being posted.',
  description: [
    'For a database whose movements were there before its balances, and for balances that cannot be trusted as a whole.',
    'In batches, each a short transaction; interrupted at any moment, the same command goes on behind the last batch. It',
    'ends when every balance was found equal to its movements; exit code 1 when that could not be.',
  ].join('\n'),
  options: {
    org: option.text({ description: 'only this organization (else: all of them)', placeholder: 'slug' }),
    batch: option.integer({
      description: 'balances of one transaction, which writers may wait for',
      min: 1,
      max: 10_000,
      default: 200,
    }),
    throttle: option.duration({ description: 'a pause after each batch', default: 0 }),
    dryRun: option.flag({ description: dryRunDescription }),
    ...databaseOptions,
  },
  examples: [
    { type: '--org acme --dry-run', does: 'tells how many balances differ from their movements' },
    { type: '--throttle 50ms', does: 'builds the balances of every organization, leaving room for others' },
  ],
  run: async ({ options, signal, progress, note }) => {
    const databaseUrl = await findDatabaseUrl(options);
    const outcomes: Outcome[] = [];
    await withRole(databaseUrl, 'stockade_jobs', async (jobs) => {
      for (const organization of await findOrganizations(databaseUrl, options.org)) {
        // What came of those before is told all the same.
        if (signal.aborted) break;
        const outcome = await attempt(organization, options.org !== undefined, async () => {
          if (options.dryRun) return await preview(jobs, organization);
          note(`Building the balances of ${organization.slug} …`);
          let isShown = false;
          const report = await backfillOrganization(jobs, organization.id, {
            batchKeys: options.batch,
            throttleMs: options.throttle,
            signal,
            onProgress: ({ movements, totalMovements }) => {
              // More than there were when it began are posted meanwhile.
              const total = Math.max(movements, totalMovements);
              if (!isShown) progress.start(total, 'movements');
              isShown = true;
              progress.update(movements, total);
            },
          }).finally(() => progress.stop());
          return await outcomeOf(jobs, organization, report);
        });
        outcomes.push(outcome);
      }
    });
    return {
      text: outcomes.map(({ text }) => text).join('\n') || 'There is no organization yet.',
      json: options.org === undefined ? outcomes.map(({ json }) => json) : outcomes[0]?.json,
      failed: outcomes.some(({ failed }) => failed),
    };
  },
});

async function preview(jobs: pg.ClientBase, { id, slug }: Organization): Promise<Outcome> {
  const { keys, movements, found } = await previewBackfill(jobs, id);
  return {
    text: `${slug}: ${found} of ${keys} balances differ from their ${movements} movements`,
    json: { organization: slug, keys, movements, differing: found },
    failed: false,
  };
}

async function outcomeOf(
  jobs: pg.ClientBase,
  { id, slug }: Organization,
  report: BackfillReport,
): Promise<Outcome> {
  const label = await readLabels(jobs, id, report.refused);
  const refused = report.refused.map(({ because, ...key }) => ({ ...label(key), because }));
  return {
    text: [
      `${slug}: ${reportText(report)}`,
      ...refused.map(({ because, ...each }) => `  not built: ${labelText(each)}: ${because}`),
    ].join('\n'),
    json: { organization: slug, ...report, refused },
    failed: !report.finished,
  };
}

function reportText(report: BackfillReport): string {
  const { keys, movements, changed, finished, differing, refused, resumed } = report;
  const done = `${keys} balances built from ${movements} movements, ${changed} changed${resumed ? ' (gone on with)' : ''}`;
  if (finished) return `${done}; every one equals its movements`;
  if (differing === undefined) return `${done}; stopped, run it again to go on`;
  if (differing <= refused.length) return `${done}; ${differing} could not be built`;
  return `${done}; ${differing} still differ: something else writes balances. npm run reconcile:balances shows which`;
}
