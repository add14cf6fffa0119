import { type ImportPhase, importOrganization } from '#portability/import.ts';
import { slugPattern } from '#tenancy/organizations.ts';
import { command } from '../cli/command.ts';
import { withRole } from '../cli/database/connect.ts';
import { databaseOptions, findDatabaseUrl } from '../cli/database/database-url.ts';
import * as option from '../cli/option.ts';

const phaseText: Readonly<Record<ImportPhase, string>> = {
  verifying: 'Verifying the export …',
  importing: 'Writing …',
  proving: 'Comparing what has arrived with what was exported …',
};

await command({
  name: 'org:import',
  summary: 'Brings an exported organization into a database that does not have it.',
  description: [
    'All of it or nothing. It is verified first, written through every constraint, trigger and policy, and then digested by',
    'the database: unless every table is what was exported, nothing is kept. Its ids and API keys stay what they were.',
    'A user whose address is known here is taken to be the one who is here.',
  ].join('\n'),
  options: {
    from: option.path({
      description: 'the folder that org:export has written',
      placeholder: 'folder',
      required: true,
      exists: true,
    }),
    slug: option.text({
      description: 'its slug here (default: the one it had)',
      placeholder: 'slug',
      pattern: slugPattern,
      expected:
        'It must be lower-case letters, digits and hyphens, at most 63, and no UUID, such as acme or acme-2.',
    }),
    dryRun: option.flag({
      description:
        'do all of it, which takes as long, and undo it: say whether this database takes the export',
    }),
    ...databaseOptions,
  },
  examples: [
    { type: '--from exports/acme --dry-run', does: 'tries it, and keeps nothing' },
    { type: '--from exports/acme --database-url postgres://…', does: 'imports it there' },
    { type: '--from exports/acme --slug acme-2', does: 'imports it under another slug' },
  ],
  run: async ({ options, signal, progress, note }) => {
    let phaseNow: ImportPhase | undefined;
    const report = await withRole(await findDatabaseUrl(options), 'stockade_admin', (admin) =>
      importOrganization(admin, {
        ...options,
        signal,
        onProgress: (phase, rows, total) => {
          if (phase !== phaseNow) {
            if (phaseNow) progress.stop();
            phaseNow = phase;
            note(phase === 'importing' && options.dryRun ? 'Writing, to be undone …' : phaseText[phase]);
            if (phase !== 'proving') progress.start(total, 'rows');
          }
          if (phase !== 'proving') progress.update(rows);
        },
      }),
    );
    const { manifest, slug, usersCreated, usersRenamed } = report;
    const { organization, tables } = manifest;
    const rows = tables.reduce((sum, table) => sum + table.rows, 0);
    const what = `${organization.slug} (${organization.id}): ${rows} rows of ${tables.length} tables`;
    const renamed = Object.keys(usersRenamed).length;
    const users = `Users made: ${usersCreated}; with another id here than there: ${renamed}.`;
    return {
      json: {
        id: organization.id,
        slug,
        status: organization.status,
        dryRun: options.dryRun,
        rows,
        receipt: manifest.receipt,
        usersCreated,
        usersRenamed,
      },
      text: options.dryRun
        ? `The export is whole, and this database takes ${what}. ${users} It was tried, and nothing was kept.`
        : [
            `Imported ${what}${slug === organization.slug ? '' : `, as ${slug}`}; every table is what was exported.`,
            users,
            organization.status === 'suspended'
              ? `It is suspended, as it was: npm run org:resume -- --org ${slug}`
              : 'It is active.',
          ].join('\n'),
    };
  },
});
