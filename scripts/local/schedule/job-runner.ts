import type { Job } from '#functions/schedules.ts';
import type { HandlerLoader } from '../lambda/handlers.ts';
import { invoke } from '../lambda/invoke.ts';
import { scheduledEvent } from './event.ts';
import { outcomeOf } from './outcome.ts';
import type { SchedulerOptions } from './scheduler.ts';

/** As long as Lambda lets a function run, and the stack lets a job. */
const timeoutMs = 15 * 60_000;

/** Runs jobs by the handlers that deploy, with the event that EventBridge Scheduler sends them. */
export function createJobRunner({ loadJob }: Pick<HandlerLoader, 'loadJob'>): SchedulerOptions['run'] {
  return async ({ job }, at, signal) => {
    const handler = await loadJob(job);
    const result = await invoke(handler, scheduledEvent(job, at), { functionName: job, timeoutMs, signal });
    return outcomeOf(job as Job, result);
  };
}
