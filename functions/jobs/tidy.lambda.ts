import type { Context } from 'aws-lambda';
import { type Tidied, tidy } from '#ledger/tidy.ts';
import { log } from '#platform/log.ts';
import { inJobs } from '#tenancy/jobs.ts';

/** A page takes milliseconds; this much is left for the last one. */
const reserveMs = 30_000;

/** Deletes, once a day, what has outlived its purpose. What it does not come to is left to the next day. */
export async function handler(_event: unknown, context: Context): Promise<Tidied> {
  const isTimeOver = () => context.getRemainingTimeInMillis() < reserveMs;
  const tidied = await inJobs((jobs) => tidy(jobs, { isTimeOver }));
  log.info('tidied', { ...tidied });
  return tidied;
}
