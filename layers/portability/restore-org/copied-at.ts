import type pg from 'pg';
import { newestHeartbeat } from '#recovery/heartbeat.ts';
import { inOrganizationAsJob } from '#tenancy/job-transaction.ts';

/** Up to when a copy has everything, as far as the copy itself tells. */
export interface CopiedAt {
  readonly at: Date;
  /** `newest row`: no heartbeat is as new, so the copy is of that time or of any since. */
  readonly by: 'heartbeat' | 'newest row';
}

/**
 * Reads of which time a copy is, in the copy. Nothing in a physical copy says when it was taken: its newest heartbeat does
 * to the minute, and where there is none, the newest that the organization recorded says since when at least.
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
