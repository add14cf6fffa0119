import { counted } from '#platform/text/plural.ts';
import { type ImportPhase, importOrganization } from '#portability/import.ts';
import { slugPattern } from '#tenancy/organizations.ts';
import { command } from '../cli/command.ts';
import { withRole } from '../cli/database/connect.ts';
import { databaseOptions, findDatabaseUrl } from '../cli/database/database-url.ts';
import * as option from '../cli/option.ts';

const phaseText: Readonly<Record<ImportPhase, string>> = {
  verifying: 'Verifying the export …',
  importing: 'Writing …',
  proving: 'Comparing the imported rows with the export …',
};

await command({
  name: 'org:import',
  summary: 'Imports an exported organization into a database that does not have it.',
  description: [
    'It verifies the export, writes it through every constraint, trigger and policy, and compares the digests that the',
    'database then computes. Unless every table equals the export, nothing is kept. Ids and API keys stay the same.',
    'A user with the same address as a user of this database is treated as that user.',
  ].join('\n'),
  options: {
    from: option.path({
      description: 'the folder that org:export wrote',
      placeholder: 'folder',
      required: true,
      exists: true,
    }),
    slug: option.text({
      description: 'its slug in this database (default: the same as before)',
      placeholder: 'slug',
      pattern: slugPattern,
      expected:
        'It must be at most 63 lower-case letters, digits and hyphens, and not a UUID, such as acme or acme-2.',
    }),
    dryRun: option.flag({
      description:
        'import everything, which takes as long, and undo it: reports whether this database accepts the export',
    }),
    ...databaseOptions,
  },
  examples: [
    { type: '--from exports/acme --dry-run', does: 'tries the import, and keeps nothing' },
    { type: '--from exports/acme --database-url postgres://…', does: 'imports into that database' },
    { type: '--from exports/acme --slug acme-2', does: 'imports under another slug' },
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
            note(phase === 'importing' && options.dryRun ? 'Writing, to be rolled back …' : phaseText[phase]);
            if (phase !== 'proving') progress.start(total, 'rows');
          }
          if (phase !== 'proving') progress.update(rows);
        },
      }),
    );
    const { manifest, slug, usersCreated, usersRenamed } = report;
    const { organization, tables } = manifest;
    const rows = tables.reduce((sum, table) => sum + table.rows, 0);
    const what = `${organization.slug} (${organization.id}): ${counted(rows, 'row')} of ${counted(tables.length, 'table')}`;
    const renamed = Object.keys(usersRenamed).length;
    const users = `Users created: ${usersCreated}; users with another id in this database: ${renamed}.`;
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
        ? `The export is complete, and this database accepts ${what}. ${users} This was a dry run: nothing was kept.`
        : [
            `Imported ${what}${slug === organization.slug ? '' : `, as ${slug}`}. Every table equals the export.`,
            users,
            organization.status === 'suspended'
              ? `It is suspended, as it was. To resume it: npm run org:resume -- --org ${slug}`
              : 'It is active.',
          ].join('\n'),
    };
  },
});
