import { listOrganizations } from '#tenancy/organizations.ts';
import { command } from './cli/command.ts';
import { withRole } from './cli/connect.ts';
import { databaseOptions, findDatabaseUrl } from './cli/database-url.ts';

await command({
  name: 'org:list',
  summary: 'Lists the organizations.',
  options: databaseOptions,
  examples: [
    { type: '', does: 'lists those of the running local platform' },
    { type: '--json', does: 'the same for a program' },
  ],
  run: async ({ options }) => {
    const organizations = await withRole(await findDatabaseUrl(options), 'stockade_admin', listOrganizations);
    const width = Math.max(4, ...organizations.map(({ slug }) => slug.length));
    const lines = organizations.map(
      ({ slug, id, status, name }) => `${slug.padEnd(width)}  ${id}  ${status.padEnd(9)}  ${name}`,
    );
    return {
      json: organizations,
      text: lines.length ? lines.join('\n') : 'There are none yet: npm run org:create -- --help',
    };
  },
});
