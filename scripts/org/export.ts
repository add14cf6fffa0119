import { counted } from '#platform/text/plural.ts';
import { exportOrganization } from '#portability/export.ts';
import { findOrganization } from '#tenancy/organizations.ts';
import { command } from '../cli/command.ts';
import { withRole } from '../cli/database/connect.ts';
import { databaseOptions, findDatabaseUrl } from '../cli/database/database-url.ts';
import * as option from '../cli/option.ts';

await command({
  name: 'org:export',
  summary: 'Writes all data of an organization into a folder.',
  description: [
    'One JSON Lines file per table, all from the same instant, and manifest.json with their digests: org:erase asks for it',
    'as the receipt. Users can go on working.',
    'The folder holds personal data and the digests of API keys: keep it as you keep the database.',
  ].join('\n'),
  options: {
    org: option.text({ description: 'the slug of the organization', placeholder: 'slug', required: true }),
    to: option.path({
      description: 'the folder to create; it must not exist',
      placeholder: 'folder',
      required: true,
    }),
    ...databaseOptions,
  },
  examples: [{ type: '--org acme --to exports/acme', does: 'exports acme of the running local platform' }],
  run: async ({ options, signal, progress }) => {
    const databaseUrl = await findDatabaseUrl(options);
    const { id } = await withRole(databaseUrl, 'stockade_admin', (admin) =>
      findOrganization(admin, options.org),
    );
    let started = false;
    const manifest = await withRole(databaseUrl, 'stockade_jobs', (jobs) =>
      exportOrganization(jobs, id, {
        to: options.to,
        signal,
        onProgress: (rows, total) => {
          if (!started) progress.start(total, 'rows');
          started = true;
          progress.update(rows);
        },
      }),
    );
    const { tables, organization, receipt } = manifest;
    const rows = tables.reduce((sum, table) => sum + table.rows, 0);
    return {
      json: { folder: options.to, ...manifest },
      text: [
        `Exported ${organization.slug} (${id}): ${counted(rows, 'row')} of ${counted(tables.length, 'table')}, to ${options.to}.`,
        `Receipt: ${receipt}`,
        organization.status === 'suspended'
          ? `To move it: npm run org:import -- --from ${options.to} --database-url postgres://…`
          : 'This is a copy: the organization is active and may change. To move or erase it, suspend it and export again.',
      ].join('\n'),
    };
  },
});
