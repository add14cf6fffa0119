import type { CreatedOrganization, OperatedOrganization } from '#tenancy/organizations.ts';
import type { SecurityEvent } from '#tenancy/security-events.ts';
import type { assignUser } from '#tenancy/users.ts';
import type { Answer } from '../cli/command.ts';
import { formatDuration } from '../cli/option.ts';

/** The organizations, one per line. */
export function organizationsAnswer(organizations: readonly OperatedOrganization[]): Answer {
  const width = Math.max(4, ...organizations.map(({ slug }) => slug.length));
  const lines = organizations.map(
    ({ slug, id, status, name }) => `${slug.padEnd(width)}  ${id}  ${status.padEnd(9)}  ${name}`,
  );
  return {
    json: organizations,
    text: lines.length
      ? lines.join('\n')
      : 'There are no organizations yet. To create one: npm run org:create -- --help',
  };
}

/** A new organization, with its key (shown once) and the next step. */
export function createdAnswer(created: CreatedOrganization): Answer {
  const { id, slug, apiKey } = created;
  return {
    json: created,
    text: [
      `Created organization ${slug} (${id}).`,
      `API key, shown once: ${apiKey}`,
      `Next: npm run users:assign -- --org ${slug} --email you@example.com --role admin`,
    ].join('\n'),
  };
}

/** An organization that is suspended, or would be. */
export function suspendedAnswer(suspended: OperatedOrganization, dryRun: boolean): Answer {
  const { slug, name, suspendedAt, suspensionReason } = suspended;
  const why = suspensionReason ? `: ${suspensionReason}` : '';
  return dryRun
    ? { json: { ...suspended, dryRun }, text: `Would suspend ${slug} (${name})${why}.` }
    : {
        json: suspended,
        text: [
          `${slug} (${name}) has been suspended since ${suspendedAt}${why}.`,
          `To resume it: npm run org:resume -- --org ${slug}`,
        ].join('\n'),
      };
}

/** An organization that was resumed, or would be. */
export function resumedAnswer(resumed: OperatedOrganization, dryRun: boolean): Answer {
  const { slug, name } = resumed;
  return dryRun
    ? { json: { ...resumed, dryRun }, text: `Would resume ${slug} (${name}).` }
    : { json: resumed, text: `${slug} (${name}) is active.` };
}

/** An organization whose concurrency was limited, or would be. */
export function limitedAnswer(limited: OperatedOrganization, dryRun: boolean): Answer {
  const { slug, name, maxConcurrency } = limited;
  return {
    json: dryRun ? { ...limited, dryRun } : limited,
    text: `${slug} (${name}) ${dryRun ? 'could' : 'can'} have ${maxConcurrency} requests under way at once.`,
  };
}

/** A user who now has a role in an organization. */
export function assignedAnswer(assignment: Awaited<ReturnType<typeof assignUser>>): Answer {
  const { created, email, role, organization } = assignment;
  return {
    json: assignment,
    text: `${created ? 'New user' : 'User'} ${email} is now ${role} of ${organization}.`,
  };
}

/** The refused uses of an organization's credentials; equal ones share a line. */
export function securityAnswer(
  events: readonly SecurityEvent[],
  asked: { readonly org: string; readonly sinceMs: number; readonly most: number },
): Answer {
  return { json: events, text: securityText(events, asked) };
}

function securityText(
  events: readonly SecurityEvent[],
  { org, sinceMs, most }: { readonly org: string; readonly sinceMs: number; readonly most: number },
): string {
  if (events.length === 0)
    return `No credential of ${org} was refused in the last ${formatDuration(sinceMs)}.`;
  const width = Math.max(10, ...events.map(({ actor }) => actor.length));
  const lines = events.map(
    ({ lastAt, requests, actor, named }) =>
      `${lastAt}  ${String(requests).padStart(6)}  ${actor.padEnd(width)}  ${named}`,
  );
  const more = events.length < most ? [] : ['There may be more: --most takes up to 100000.'];
  return [
    `${'last at'.padEnd(24)}  ${'times'.padStart(6)}  ${'credential'.padEnd(width)}  presented`,
    ...lines,
    ...more,
  ].join('\n');
}
