import { findOrganization } from '#tenancy/organizations.ts';
import { type SecurityEvent, securityEventsOf } from '#tenancy/security-events.ts';
import { command } from './cli/command.ts';
import { withRole } from './cli/connect.ts';
import { databaseOptions, findDatabaseUrl } from './cli/database-url.ts';
import * as option from './cli/option.ts';

await command({
  name: 'security:events',
  summary: 'Shows the requests whose credential was refused because of the organization they named.',
  description:
    'The newest first. A line stands for the refusals of one minute that are alike: whose credential (key:<id> or user:<id>) ' +
    'and what else the request presented.',
  options: {
    org: option.text({
      description: 'the slug of the organization whose credentials they were',
      placeholder: 'slug',
      required: true,
    }),
    since: option.duration({ description: 'how far back, such as 1h or 30d', default: 7 * 86_400_000 }),
    most: option.integer({ description: 'show at most this many', min: 1, max: 100_000, default: 100 }),
    ...databaseOptions,
  },
  examples: [
    { type: '--org acme', does: 'shows those of the last seven days' },
    { type: '--org acme --since 1h --json', does: 'shows those of the last hour to a program' },
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
    return { json: events, text: textOf(events, options) };
  },
});

function textOf(
  events: readonly SecurityEvent[],
  { org, since, most }: Record<'org', string> & Record<'since' | 'most', number>,
): string {
  const within = option.formatDuration(since);
  if (events.length === 0) return `No credential of ${org} was refused within ${within}.`;
  const width = Math.max(...events.map(({ actor }) => actor.length));
  const lines = events.map(
    ({ lastAt, requests, actor, named }) =>
      `${lastAt}  ${String(requests).padStart(6)}  ${actor.padEnd(width)}  ${named}`,
  );
  const more = events.length < most ? [] : [`There may be more: --most shows up to 100000.`];
  return [
    `${'last at'.padEnd(24)}  ${'times'.padStart(6)}  ${'whose'.padEnd(width)}  named`,
    ...lines,
    ...more,
  ].join('\n');
}
