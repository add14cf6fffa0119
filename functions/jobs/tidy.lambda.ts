import type { Context } from 'aws-lambda';
import { type Tidied, tidy } from '#ledger/tidy.ts';
import { log } from '#platform/log.ts';
import { inJobs } from '#tenancy/jobs.ts';

/** Time left for the last page, which takes milliseconds. */
const reserveMs = 30_000;

/** Deletes once a day what is no longer needed. What it does not reach in time waits for the next day. */
export async function handler(_event: unknown, context: Context): Promise<Tidied> {
  const isTimeOver = () => context.getRemainingTimeInMillis() < reserveMs;
  const tidied = await inJobs((jobs) => tidy(jobs, { isTimeOver }));
  log.info('tidied', { ...tidied });
  return tidied;
}
