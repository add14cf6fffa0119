import { sealOrganization } from '#audit/seals/seal-organization.ts';
import { useLocalAws } from '../cli/aws-environment.ts';
import { command } from '../cli/command.ts';
import { withRole } from '../cli/database/connect.ts';
import { databaseOptions, findDatabaseUrl } from '../cli/database/database-url.ts';
import * as option from '../cli/option.ts';
import { findOrganization } from '../org/find.ts';
import { sealedAnswer } from './answers.ts';

await command({
  name: 'seal',
  summary: 'Seals the movements of an organization since its last seal, and anchors the seal.',
  description: [
    'The daily job does this after a clean reconciliation. Use this command to do it now. It compares no balances.',
    'Exit code 0 when every movement is sealed and anchored, 1 when something is left for the next run.',
  ].join('\n'),
  options: {
    org: option.text({ description: 'the slug of the organization', placeholder: 'slug', required: true }),
    ...databaseOptions,
  },
  examples: [{ type: '--org acme', does: 'seals the ledger of acme' }],
  run: async ({ options, signal, note }) => {
    const { org } = options;
    const databaseUrl = await findDatabaseUrl(options);
    await useLocalAws(options);
    const { id } = await withRole(databaseUrl, 'stockade_admin', (admin) => findOrganization(admin, org));
    note(`Sealing ${org} …`);
    const result = await withRole(databaseUrl, 'stockade_jobs', (jobs) =>
      sealOrganization(jobs, id, { signal }),
    );
    return sealedAnswer(org, result);
  },
});
