import { Cron } from 'croner';
import type { Schedule } from '#functions/schedules.ts';

const unitMs: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/**
 * The first time after `after` at which EventBridge Scheduler starts a schedule with this expression, in UTC.
 * On AWS a rate counts from when its schedule was created. Here it counts from 1970, so a platform that is restarted
 * every half hour still runs its hourly jobs.
 * @throws RangeError when the expression is invalid, or has no later time
 */
export function nextRun(expression: Schedule['expression'], after: Date): Date {
  const [, count = '', unit = ''] = /^rate\(([1-9]\d*) (minute|hour|day)s?\)$/.exec(expression) ?? [];
  const everyMs = Number(count) * (unitMs[unit] ?? 0);
  if (everyMs > 0) return new Date((Math.floor(after.getTime() / everyMs) + 1) * everyMs);
  return nextByCron(expression, after);
}

function nextByCron(expression: string, after: Date): Date {
  const [, fields] = /^cron\((\S+(?: \S+){5})\)$/.exec(expression) ?? [];
  if (fields === undefined) {
    throw new RangeError(`"${expression}" is neither a rate(…) nor a cron(…) of EventBridge Scheduler`);
  }
  // Without seconds, and with Sunday as 1, as AWS has it.
  const cron = new Cron(`0 ${fields}`, { timezone: 'UTC', alternativeWeekdays: true, sloppyRanges: true });
  const next = cron.nextRun(after);
  if (!next) throw new RangeError(`"${expression}" has no time after ${after.toISOString()}`);
  return next;
}
