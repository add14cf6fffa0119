import { counted } from '#platform/text/plural.ts';
import { eraseOrganization } from '#portability/erase.ts';
import { type Manifest, readManifest } from '#portability/manifest.ts';
import { command } from '../cli/command.ts';
import { withRole } from '../cli/database/connect.ts';
import { databaseOptions, findDatabaseUrl } from '../cli/database/database-url.ts';
import { CommandError, UsageError } from '../cli/failure.ts';
import * as option from '../cli/option.ts';
import { confirm } from './confirm.ts';

await command({
  name: 'org:erase',
  summary: 'Deletes an organization and all its data permanently.',
  description: [
    'The organization must be suspended, and --receipt must be the manifest of an export with exactly its present data.',
    'Its ledger is deleted too, and so are users who belong to no other organization. tenancy.erasures keeps the number of',
    'deleted rows per table. Either everything is deleted or nothing.',
  ].join('\n'),
  options: {
    org: option.text({ description: 'the slug of the organization', placeholder: 'slug', required: true }),
    receipt: option.path({
      description: 'the manifest.json of its export',
      placeholder: 'file',
      required: true,
      exists: true,
    }),
    yes: option.flag({ description: 'do not ask for confirmation' }),
    dryRun: option.flag({ description: 'do everything, report the numbers, and undo it' }),
    ...databaseOptions,
  },
  examples: [
    {
      type: '--org acme --receipt exports/acme/manifest.json --dry-run',
      does: 'reports what would be deleted',
    },
    { type: '--org acme --receipt exports/acme/manifest.json', does: 'erases acme, after asking' },
  ],
  run: async ({ options, signal, note }) => {
    const { org, dryRun } = options;
    const receipt = await readManifest(options.receipt);
    const databaseUrl = await findDatabaseUrl(options);
    if (!dryRun && !options.yes) await ask(org, receipt, signal);
    note(`${dryRun ? 'Trying to erase' : 'Erasing'} ${org} …`);
    const counts = await withRole(databaseUrl, 'stockade_admin', (admin) =>
      eraseOrganization(admin, { slug: org, receipt, dryRun }),
    );
    const lines = Object.entries(counts).map(([table, rows]) => `  ${table}: ${rows}`);
    const outcome = dryRun ? 'These rows would be deleted; nothing was deleted' : 'Deleted permanently';
    return {
      json: { organization: receipt.organization.id, slug: org, receipt: receipt.receipt, dryRun, counts },
      text: [`${outcome}:`, ...lines].join('\n'),
    };
  },
});

async function ask(
  org: string,
  { organization, tables, takenAt }: Manifest,
  signal: AbortSignal,
): Promise<void> {
  if (!process.stdin.isTTY) {
    throw new UsageError('there is no terminal to ask on', 'Pass --yes to erase without a question.');
  }
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  process.stderr.write(
    `This deletes ${organization.name} (${organization.slug}, ${organization.id}): ${counted(rows, 'row')}, ` +
      `exported at ${takenAt}.\nAfter that, only the export is left.\n`,
  );
  if (await confirm(`Type ${org} to continue: `, org, signal)) return;
  throw new CommandError('nothing was erased: you did not type its slug');
}
