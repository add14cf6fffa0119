import { inTransaction } from '#platform/postgres/transaction.ts';
import { concurrencyBounds, limitOrganization } from '#tenancy/concurrency.ts';
import { command } from '../cli/command.ts';
import { withRole } from '../cli/database/connect.ts';
import { databaseOptions, findDatabaseUrl } from '../cli/database/database-url.ts';
import { dryRunDescription, endedBy } from '../cli/dry-run.ts';
import * as option from '../cli/option.ts';
import { limitedAnswer } from './answers.ts';

await command({
  name: 'org:limit',
  summary: 'Sets how many requests of an organization may be under way at once.',
  description: [
    'The next request is answered with 429 and Retry-After, so that one organization does not take what others need. On AWS',
    'the limits of all busy organizations together should stay below the concurrency of a function.',
  ].join('\n'),
  options: {
    org: option.text({ description: 'the slug of the organization', placeholder: 'slug', required: true }),
    requests: option.integer({
      description: 'how many requests; a new organization has 12',
      required: true,
      ...concurrencyBounds,
    }),
    dryRun: option.flag({ description: dryRunDescription }),
    ...databaseOptions,
  },
  examples: [
    { type: '--org acme --requests 20', does: 'lets acme have twenty requests under way' },
    { type: '--org acme --requests 1 --dry-run', does: 'shows what would be set' },
  ],
  run: async ({ options }) => {
    const { org, requests, dryRun } = options;
    const limited = await withRole(await findDatabaseUrl(options), 'stockade_admin', (admin) =>
      inTransaction(admin, () => limitOrganization(admin, org, requests), endedBy(dryRun)),
    );
    return limitedAnswer(limited, dryRun);
  },
});
