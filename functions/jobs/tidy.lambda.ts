import type { Context } from 'aws-lambda';
import { type Tidied, tidy } from '#ledger/tidy.ts';
import { job } from '#platform/job.ts';
import { log } from '#platform/log.ts';
import { inJobs } from '#tenancy/jobs.ts';

/** The time reserved for the last page. A page takes milliseconds. */
const reserveMs = 30_000;

/** Deletes expired records once a day. The next day continues where the time was not enough. */
export const handler = job(async (_event: unknown, context: Context): Promise<Tidied> => {
  const isTimeOver = () => context.getRemainingTimeInMillis() < reserveMs;
  const tidied = await inJobs((jobs) => tidy(jobs, { isTimeOver }));
  log.info('tidied', { ...tidied });
  return tidied;
});
