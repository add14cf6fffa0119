import type pg from 'pg';
import {
  type BackfillReport,
  backfillOrganization,
  previewBackfill,
} from '#audit/reconciliation/backfill.ts';
import { labelText, readLabels } from '#audit/reconciliation/runs/labels.ts';
import { counted } from '#platform/text/plural.ts';
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
    'For a database that had movements before it had balances, and for balances that you no longer trust.',
    'Each batch is a short transaction. You can interrupt it at any time: the same command continues after the last batch.',
    'It ends when every balance equals its movements. Exit code 1 when one could not be built.',
  ].join('\n'),
  options: {
    org: option.text({ description: 'only this organization (default: all)', placeholder: 'slug' }),
    batch: option.integer({
      description: 'balances per transaction; writers of these balances wait for it',
      min: 1,
      max: 10_000,
      default: 200,
    }),
    throttle: option.duration({ description: 'the pause after each batch', default: 0 }),
    dryRun: option.flag({ description: dryRunDescription }),
    ...databaseOptions,
  },
  examples: [
    { type: '--org acme --dry-run', does: 'reports how many balances differ from their movements' },
    {
      type: '--throttle 50ms',
      does: 'builds the balances of every organization, with pauses for other work',
    },
  ],
  run: async ({ options, signal, progress, note }) => {
    const databaseUrl = await findDatabaseUrl(options);
    const outcomes: Outcome[] = [];
    await withRole(databaseUrl, 'stockade_jobs', async (jobs) => {
      for (const organization of await findOrganizations(databaseUrl, options.org)) {
        // Report the organizations that are done.
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
              // New movements arrive while this runs.
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
      text: outcomes.map(({ text }) => text).join('\n') || 'There are no organizations yet.',
      json: options.org === undefined ? outcomes.map(({ json }) => json) : outcomes[0]?.json,
      failed: outcomes.some(({ failed }) => failed),
    };
  },
});

async function preview(jobs: pg.ClientBase, { id, slug }: Organization): Promise<Outcome> {
  const { keys, movements, found } = await previewBackfill(jobs, id);
  return {
    text: `${slug}: ${found} of ${counted(keys, 'balance')} wrong, compared with ${counted(movements, 'movement')}`,
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
  const built = `${counted(keys, 'balance')} built from ${counted(movements, 'movement')}, ${changed} changed`;
  const done = resumed ? `${built} (continued an earlier run)` : built;
  if (finished) return `${done}; all balances equal their movements`;
  if (differing === undefined) return `${done}; stopped, run it again to continue`;
  if (differing <= refused.length) return `${done}; ${differing} could not be built`;
  return `${done}; ${differing} still wrong: something else writes balances. npm run reconcile:balances shows which`;
}
