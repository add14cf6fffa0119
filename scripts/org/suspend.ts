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
  summary: 'Refuses every request of an organization from now on.',
  description:
    'Requests under way finish; jobs go on, so that its books stay proven. Running it again changes nothing but the ' +
    'reason, when another one is given.',
  options: {
    org: option.text({ description: 'the slug of the organization', placeholder: 'slug', required: true }),
    reason: option.text({
      description: 'why, for other operators',
      placeholder: 'text',
      pattern: /^.{1,500}$/s,
      expected: 'It must have at most 500 characters.',
    }),
    dryRun: option.flag({ description: dryRunDescription }),
    ...databaseOptions,
  },
  examples: [
    { type: '--org acme --reason "Invoice 1001 is overdue"', does: 'suspends acme' },
    { type: '--org acme --json', does: 'suspends it and answers the organization as JSON' },
  ],
  run: async ({ options }) => {
    const { org, reason, dryRun } = options;
    const suspended = await withRole(await findDatabaseUrl(options), 'stockade_admin', (admin) =>
      inTransaction(admin, () => suspendOrganization(admin, org, reason), endedBy(dryRun)),
    );
    return suspendedAnswer(suspended, dryRun);
  },
});
