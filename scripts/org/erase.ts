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
  summary: 'Deletes everything of an organization, for good.',
  description: [
    'It must be suspended, and --receipt must be the manifest of an export that holds exactly what there is now.',
    'Its ledger goes too, and users who belong to no other organization. tenancy.erasures keeps what was deleted, in',
    'numbers. All of it or nothing.',
  ].join('\n'),
  options: {
    org: option.text({ description: 'the slug of the organization', placeholder: 'slug', required: true }),
    receipt: option.path({
      description: 'the manifest.json of its export',
      placeholder: 'file',
      required: true,
      exists: true,
    }),
    yes: option.flag({ description: 'do not ask' }),
    dryRun: option.flag({ description: 'do all of it, tell the numbers, and undo it' }),
    ...databaseOptions,
  },
  examples: [
    { type: '--org acme --receipt exports/acme/manifest.json --dry-run', does: 'tells what would go' },
    { type: '--org acme --receipt exports/acme/manifest.json', does: 'erases acme after asking' },
  ],
  run: async ({ options, signal, note }) => {
    const { org, dryRun } = options;
    const receipt = await readManifest(options.receipt);
    const databaseUrl = await findDatabaseUrl(options);
    if (!dryRun && !options.yes) await ask(org, receipt, signal);
    note(`${dryRun ? 'Trying out how to erase' : 'Erasing'} ${org} …`);
    const counts = await withRole(databaseUrl, 'stockade_admin', (admin) =>
      eraseOrganization(admin, { slug: org, receipt, dryRun }),
    );
    const lines = Object.entries(counts).map(([table, rows]) => `  ${table}: ${rows}`);
    const outcome = dryRun ? 'These rows would be deleted; nothing was' : 'Deleted, for good';
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
    throw new UsageError('there is no terminal to ask on', 'Pass --yes to erase without being asked.');
  }
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  process.stderr.write(
    `This deletes ${organization.name} (${organization.slug}, ${organization.id}) with the ${rows} rows that were ` +
      `exported at ${takenAt}.\nThat export is then all there is of it.\n`,
  );
  if (await confirm(`Type ${org} to go on: `, org, signal)) return;
  throw new CommandError('nothing was erased: that was not its slug');
}
