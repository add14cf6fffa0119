import type { CreatedOrganization, OperatedOrganization } from '#tenancy/organizations.ts';
import type { SecurityEvent } from '#tenancy/security-events.ts';
import type { assignUser } from '#tenancy/users.ts';
import type { Answer } from '../cli/command.ts';
import { formatDuration } from '../cli/option.ts';

/** The organizations, one a line. */
export function organizationsAnswer(organizations: readonly OperatedOrganization[]): Answer {
  const width = Math.max(4, ...organizations.map(({ slug }) => slug.length));
  const lines = organizations.map(
    ({ slug, id, status, name }) => `${slug.padEnd(width)}  ${id}  ${status.padEnd(9)}  ${name}`,
  );
  return {
    json: organizations,
    text: lines.length ? lines.join('\n') : 'There are none yet: npm run org:create -- --help',
  };
}

/** An organization that was created, with the key that is shown once, and what to do next. */
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
          `${slug} (${name}) is suspended since ${suspendedAt}${why}.`,
          `To let it work again: npm run org:resume -- --org ${slug}`,
        ].join('\n'),
      };
}

/** An organization that works again, or would. */
export function resumedAnswer(resumed: OperatedOrganization, dryRun: boolean): Answer {
  const { slug, name } = resumed;
  return dryRun
    ? { json: { ...resumed, dryRun }, text: `Would let ${slug} (${name}) work again.` }
    : { json: resumed, text: `${slug} (${name}) works.` };
}

/** A user who is a member now. */
export function assignedAnswer(assignment: Awaited<ReturnType<typeof assignUser>>): Answer {
  const { created, email, role, organization } = assignment;
  return {
    json: assignment,
    text: `${created ? 'New user' : 'User'} ${email} is now ${role} of ${organization}.`,
  };
}

/** The refusals of an organization's credentials, one line for those that are alike. */
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
  if (events.length === 0) return `No credential of ${org} was refused within ${formatDuration(sinceMs)}.`;
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
