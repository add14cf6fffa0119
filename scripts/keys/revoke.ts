import { inTransaction } from '#platform/postgres/transaction.ts';
import { endKey } from '#tenancy/credentials/operator-keys.ts';
import { findOrganization } from '#tenancy/organizations.ts';
import { command } from '../cli/command.ts';
import { withRole } from '../cli/database/connect.ts';
import { databaseOptions, findDatabaseUrl } from '../cli/database/database-url.ts';
import { dryRunDescription, endedBy } from '../cli/dry-run.ts';
import * as option from '../cli/option.ts';
import { revokedKeyAnswer } from './answers.ts';

await command({
  name: 'keys:revoke',
  summary: 'Revokes an API key of an organization at once.',
  description: 'Requests that begin later are refused. Running it again changes nothing.',
  options: {
    org: option.text({ description: 'the slug of the organization', placeholder: 'slug', required: true }),
    id: option.text({
      description: 'the id of the key: the part between its second and third underscore',
      placeholder: 'id',
      required: true,
      pattern: /^[0-9A-Za-z]{12}$/,
      expected: 'It must be twelve letters and digits, as npm run keys:list shows them.',
    }),
    dryRun: option.flag({ description: dryRunDescription }),
    ...databaseOptions,
  },
  examples: [{ type: '--org acme --id 0aQ3xVb7LmTz', does: 'revokes that key of acme' }],
  run: async ({ options }) => {
    const { org, id, dryRun } = options;
    const revoked = await withRole(await findDatabaseUrl(options), 'stockade_admin', async (admin) => {
      const organization = await findOrganization(admin, org);
      return await inTransaction(admin, () => endKey(admin, organization.id, id), endedBy(dryRun));
    });
    return revokedKeyAnswer(org, revoked, dryRun);
  },
});
