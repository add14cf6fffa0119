import { inTransaction } from '#platform/postgres/transaction.ts';
import { resumeOrganization } from '#tenancy/suspension.ts';
import { command } from '../cli/command.ts';
import { withRole } from '../cli/database/connect.ts';
import { databaseOptions, findDatabaseUrl } from '../cli/database/database-url.ts';
import { dryRunDescription, endedBy } from '../cli/dry-run.ts';
import * as option from '../cli/option.ts';
import { resumedAnswer } from './answers.ts';

await command({
  name: 'org:resume',
  summary: 'Resumes a suspended organization.',
  description: 'Its keys and members are the same as before. Running it again changes nothing.',
  options: {
    org: option.text({ description: 'the slug of the organization', placeholder: 'slug', required: true }),
    dryRun: option.flag({ description: dryRunDescription }),
    ...databaseOptions,
  },
  examples: [{ type: '--org acme', does: 'resumes acme' }],
  run: async ({ options }) => {
    const { org, dryRun } = options;
    const resumed = await withRole(await findDatabaseUrl(options), 'stockade_admin', (admin) =>
      inTransaction(admin, () => resumeOrganization(admin, org), endedBy(dryRun)),
    );
    return resumedAnswer(resumed, dryRun);
  },
});
