import { listOrganizations } from '#tenancy/organizations.ts';
import { command } from '../cli/command.ts';
import { withRole } from '../cli/database/connect.ts';
import { databaseOptions, findDatabaseUrl } from '../cli/database/database-url.ts';
import { organizationsAnswer } from './answers.ts';

await command({
  name: 'org:list',
  summary: 'Lists the organizations.',
  options: databaseOptions,
  examples: [
    { type: '', does: 'lists the organizations of the running local platform' },
    { type: '--json', does: 'the same as JSON' },
  ],
  run: async ({ options }) => {
    return organizationsAnswer(
      await withRole(await findDatabaseUrl(options), 'stockade_admin', listOrganizations),
    );
  },
});
