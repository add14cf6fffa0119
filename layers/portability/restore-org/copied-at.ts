import type pg from 'pg';
import { newestHeartbeat } from '#recovery/heartbeat.ts';
import { inOrganizationAsJob } from '#tenancy/job-transaction.ts';

/** The time up to which a copy is complete, as far as the copy shows it. */
export interface CopiedAt {
  readonly at: Date;
  /** `newest row`: no heartbeat is newer, so the copy is from that time or later. */
  readonly by: 'heartbeat' | 'newest row';
}

/**
 * Reads the time of a copy from the copy. A physical copy does not contain its own time. Its newest heartbeat gives the time
 * to the minute. Without a heartbeat, the newest row of the organization gives the earliest possible time.
 * `copyJobs` is a connection as stockade_jobs.
 */
export async function readCopiedAt(copyJobs: pg.ClientBase, orgId: string): Promise<CopiedAt> {
  const beaten = (await newestHeartbeat(copyJobs))?.at;
  const [row] = await inOrganizationAsJob<{ at: Date }>(copyJobs, orgId, 'read', {
    text: `select coalesce(
         (select e.recorded_at from inventory.entries e where e.org_id = $1 order by e.id desc limit 1),
         (select o.created_at from tenancy.organizations o where o.id = $1)
       ) as at`,
    values: [orgId],
  });
  if (beaten && (!row || beaten >= row.at)) return { at: beaten, by: 'heartbeat' };
  if (!row) throw new Error(`the copy has no organization ${orgId}`);
  return { at: row.at, by: 'newest row' };
}
