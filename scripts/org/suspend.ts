import { inTransaction } from '#platform/postgres/transaction.ts';
import { suspendOrganization } from '#tenancy/suspension.ts';
import { command } from '../cli/command.ts';
import { withRole } from '../cli/database/connect.ts';
import { databaseOptions, findDatabaseUrl } from '../cli/database/database-url.ts';
import { dryRunDescription, endedBy } from '../cli/dry-run.ts';
import * as option from '../cli/option.ts';
import { suspendedAnswer } from './answers.ts';

await command({
  name: 'org:suspend',
  summary: 'Suspends an organization: every new request is refused.',
  description:
    'Requests in progress finish. Jobs go on, so that its balances stay proven. Running it again changes only the ' +
    'reason, if you give another one.',
  options: {
    org: option.text({ description: 'the slug of the organization', placeholder: 'slug', required: true }),
    reason: option.text({
      description: 'the reason, for other operators',
      placeholder: 'text',
      pattern: /^.{1,500}$/s,
      expected: 'It must have at most 500 characters.',
    }),
    dryRun: option.flag({ description: dryRunDescription }),
    ...databaseOptions,
  },
  examples: [
    { type: '--org acme --reason "Invoice 1001 is overdue"', does: 'suspends acme' },
    { type: '--org acme --json', does: 'suspends acme, and prints the organization as JSON' },
  ],
  run: async ({ options }) => {
    const { org, reason, dryRun } = options;
    const suspended = await withRole(await findDatabaseUrl(options), 'stockade_admin', (admin) =>
      inTransaction(admin, () => suspendOrganization(admin, org, reason), endedBy(dryRun)),
    );
    return suspendedAnswer(suspended, dryRun);
  },
});
