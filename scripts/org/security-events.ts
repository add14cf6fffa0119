import { findOrganization } from '#tenancy/organizations.ts';
import { securityEventsOf } from '#tenancy/security-events.ts';
import { command } from '../cli/command.ts';
import { withRole } from '../cli/database/connect.ts';
import { databaseOptions, findDatabaseUrl } from '../cli/database/database-url.ts';
import * as option from '../cli/option.ts';
import { securityAnswer } from './answers.ts';

await command({
  name: 'security:events',
  summary: 'Shows attempts to use a valid credential for another organization.',
  description:
    'The newest come first. Equal attempts within one minute share a line: it shows the credential (key:<id> or user:<id>), ' +
    'and the organization that the request presented.',
  options: {
    org: option.text({
      description: 'the slug of the organization that owns the credentials',
      placeholder: 'slug',
      required: true,
    }),
    since: option.duration({
      description: 'how far to look back, such as 1h or 30d',
      default: 7 * 86_400_000,
    }),
    most: option.integer({ description: 'show at most this many', min: 1, max: 100_000, default: 100 }),
    ...databaseOptions,
  },
  examples: [
    { type: '--org acme', does: 'shows the attempts of the last seven days' },
    { type: '--org acme --since 1h --json', does: 'shows the attempts of the last hour as JSON' },
  ],
  run: async ({ options }) => {
    const databaseUrl = await findDatabaseUrl(options);
    const { id } = await withRole(databaseUrl, 'stockade_admin', (admin) =>
      findOrganization(admin, options.org),
    );
    const { since, most } = options;
    const events = await withRole(databaseUrl, 'stockade_jobs', (jobs) =>
      securityEventsOf(jobs, id, { withinMs: since, most }),
    );
    return securityAnswer(events, { org: options.org, sinceMs: since, most });
  },
});
