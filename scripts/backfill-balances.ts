import { type BackfillReport, backfillOrganization, previewBackfill } from '#ledger/reconcile/backfill.ts';
import { command } from './cli/command.ts';
import { withRole } from './cli/connect.ts';
import { databaseOptions, findDatabaseUrl } from './cli/database-url.ts';
import { dryRunDescription } from './cli/in-transaction.ts';
import * as option from './cli/option.ts';
import { findOrganizations } from './reconcile/organizations.ts';

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
    const lines: string[] = [];
    const json: unknown[] = [];
    let failed = false;
    await withRole(databaseUrl, 'stockade_jobs', async (jobs) => {
      for (const { id, slug } of await findOrganizations(databaseUrl, options.org)) {
        // What came of those before is told all the same.
        if (signal.aborted) break;
        if (options.dryRun) {
          const { keys, movements, found } = await previewBackfill(jobs, id);
          lines.push(`${slug}: ${found} of ${keys} balances differ from their ${movements} movements`);
          json.push({ organization: slug, keys, movements, differing: found });
          continue;
        }
        note(`Building the balances of ${slug} …`);
        let isShown = false;
        const report = await backfillOrganization(jobs, id, {
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
        });
        progress.stop();
        lines.push(`${slug}: ${reportText(report)}`);
        json.push({ organization: slug, ...report });
        failed ||= !report.finished;
      }
    });
    return {
      text: lines.join('\n') || 'There is no organization yet.',
      json: options.org === undefined ? json : json[0],
      failed,
    };
  },
});

function reportText({ keys, movements, changed, finished, differing, resumed }: BackfillReport): string {
  const done = `${keys} balances built from ${movements} movements, ${changed} changed${resumed ? ' (gone on with)' : ''}`;
  if (finished) return `${done}; every one equals its movements`;
  if (differing === undefined) return `${done}; stopped, run it again to go on`;
  return `${done}; ${differing} still differ: something else writes balances. npm run reconcile:balances shows which`;
}
