import { job } from '#platform/job.ts';
import { beat } from '#recovery/heartbeat.ts';
import { inJobs } from '#tenancy/jobs.ts';

/** Records a heartbeat every minute: the newest one in a restored copy shows the time that the copy reaches. */
export const handler = job(() => inJobs(beat));
