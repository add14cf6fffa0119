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
  description: 'The secrets are not listed: each was shown once, and the database keeps only its digest.',
  options: {
    org: option.text({ description: 'the slug of the organization', placeholder: 'slug', required: true }),
    ...databaseOptions,
  },
  examples: [
    { type: '--org acme', does: 'lists the keys of acme, including expired and revoked ones' },
    { type: '--org acme --json', does: 'the same as JSON' },
  ],
  run: async ({ options }) => {
    const keys = await withRole(await findDatabaseUrl(options), 'stockade_admin', async (admin) => {
      const { id } = await findOrganization(admin, options.org);
      return await keysOf(admin, id);
    });
    return keysAnswer(options.org, keys, Date.now());
  },
});
