import type { SNSEvent } from 'aws-lambda';
import * as z from 'zod';
import { job } from '#platform/job.ts';
import { log } from '#platform/log.ts';
import { alertProbeName, noteAlertProbe } from '#recovery/monitor/alert-probe.ts';
import { inJobs } from '#tenancy/jobs.ts';

/** The facts at the end of an alert's text. */
const Facts = z.object({ probe: z.uuid() });

/**
 * Receives test alerts as any subscriber does, and records their arrival. The filter of the subscription lets no other
 * alerts through. If one comes all the same, it is ignored: it is meant for people.
 */
export const handler = job(async ({ Records }: SNSEvent): Promise<{ readonly received: number }> => {
  let received = 0;
  for (const { Sns } of Records) {
    if (Sns.MessageAttributes.name?.Value !== alertProbeName) continue;
    const { probe } = Facts.parse(JSON.parse(Sns.Message.slice(Sns.Message.lastIndexOf('\n\n{'))));
    const isKnown = await inJobs((jobs) => noteAlertProbe(jobs, probe, new Date()));
    if (isKnown) received += 1;
    else log.warn('a test alert arrived that this database did not send', { probe });
  }
  return { received };
});
