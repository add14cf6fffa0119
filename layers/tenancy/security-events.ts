import type pg from 'pg';
import { log } from '#platform/log.ts';
import { count } from '#platform/metrics.ts';
import { withConnection } from '#platform/postgres/database.ts';
import { inOrganizationAsJob } from './job-transaction.ts';
import type { Credentials } from './tenant.ts';

/** Equal refusals within one minute. */
export interface SecurityEvent {
  readonly kind: 'organization_mismatch';
  /** Whose credential was refused: `key:<id>` or `user:<id>`. */
  readonly actor: string;
  /** What else the request presented, separated by blanks. `?` is neither slug nor id, `*` all after the tenth. */
  readonly named: string;
  readonly requests: number;
  readonly firstAt: string;
  readonly lastAt: string;
  /** The id of the first request, as in the log. */
  readonly firstRequestId: string;
}

/**
 * The security events of an organization, the newest first: of the last `withinMs`, at most `most`.
 * `jobs` is a connection as stockade_jobs, outside of any transaction.
 */
export async function securityEventsOf(
  jobs: pg.ClientBase,
  orgId: string,
  { withinMs, most }: { readonly withinMs: number; readonly most: number },
): Promise<SecurityEvent[]> {
  return await inOrganizationAsJob<SecurityEvent>(jobs, orgId, 'read', {
    text: `
      select kind, actor, named, requests::float8 as requests, inventory.iso(first_at) as "firstAt",
        inventory.iso(last_at) as "lastAt", first_request_id as "firstRequestId"
      from tenancy.security_events
      where org_id = $1
        and minute > now() - make_interval(secs => $2) - interval '1 minute'
        and last_at > now() - make_interval(secs => $2)
      order by last_at desc, actor, named
      limit $3`,
    values: [orgId, withinMs / 1000, most],
  });
}

/** An event as it was recorded: whose credential, and what else the request presented. */
interface RecordedMismatch {
  readonly organization: string;
  /** `key:<id>` or `user:<id>` */
  readonly actor: string;
  readonly named: string;
}

/**
 * Reports that a valid credential was refused because of the organization that its request names: as a security event of
 * the credential's own organization, in the log, and as the metric `OrganizationMismatch`.
 * Never fails: the caller gets the same answer when the event cannot be recorded.
 */
export async function reportMismatch(
  credentials: Credentials,
  request: { readonly requestId: string; readonly route: string },
): Promise<void> {
  const { requestId, route } = request;
  count('OrganizationMismatch', { requestId, route });
  const who = { keyId: credentials.key?.keyId, subject: credentials.user?.subject };
  try {
    const recorded = await record(credentials, requestId);
    log.warn('a credential was refused for the organization named', { ...request, ...who, recorded });
  } catch (error) {
    log.error('a refused credential could not be recorded', { ...request, ...who, error: error as Error });
  }
}

/** In a transaction of its own, after the refused one. The database checks the credential once more. */
async function record(
  { key, user, selectors }: Credentials,
  requestId: string,
): Promise<readonly RecordedMismatch[]> {
  const { rows } = await withConnection((client) =>
    client.query<RecordedMismatch>({
      text: `
        select org_id as organization, actor, named
        from tenancy.record_mismatch($1, $2, $3, $4, $5)`,
      values: [key?.keyId ?? null, key?.secretDigest ?? null, user?.pass ?? null, selectors, requestId],
    }),
  );
  return rows;
}
