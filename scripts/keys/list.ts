import { keysOf } from '#tenancy/credentials/operator-keys.ts';
import { findOrganization } from '#tenancy/organizations.ts';
import { command } from '../cli/command.ts';
import { withRole } from '../cli/database/connect.ts';
import { databaseOptions, findDatabaseUrl } from '../cli/database/database-url.ts';
import * as option from '../cli/option.ts';
import { keysAnswer } from './answers.ts';

await command({
  name: 'keys:list',
  summary: 'Lists the API keys of an organization, the newest first.',
  description:
    'What proves a key is not among it: the secret was shown once, and its digest stays in the database.',
  options: {
    org: option.text({ description: 'the slug of the organization', placeholder: 'slug', required: true }),
    ...databaseOptions,
  },
  examples: [
    { type: '--org acme', does: 'lists the keys of acme, those that no longer work too' },
    { type: '--org acme --json', does: 'the same for a program' },
  ],
  run: async ({ options }) => {
    const keys = await withRole(await findDatabaseUrl(options), 'stockade_admin', async (admin) => {
      const { id } = await findOrganization(admin, options.org);
      return await keysOf(admin, id);
    });
    return keysAnswer(options.org, keys, Date.now());
  },
});
