import type { Job } from '#functions/schedules.ts';
import { counted } from '#platform/text/plural.ts';
import { countsOf } from '#scripts/recovery/monitor/report.ts';

/** What each job returns: the types of the handlers. */
interface Results {
  readonly heartbeat: ResultOf<typeof import('#functions/jobs/heartbeat.lambda.ts')>;
  readonly 'reconcile-balances': ResultOf<typeof import('#functions/jobs/reconcile-balances.lambda.ts')>;
  readonly tidy: ResultOf<typeof import('#functions/jobs/tidy.lambda.ts')>;
  readonly 'monitor-backups': ResultOf<typeof import('#functions/jobs/monitor-backups.lambda.ts')>;
  readonly 'verify-snapshot': ResultOf<typeof import('#functions/jobs/verify-snapshot.lambda.ts')>;
  readonly 'sweep-drills': ResultOf<typeof import('#functions/jobs/sweep-drills.lambda.ts')>;
}
type ResultOf<Module extends { handler: (...given: never[]) => unknown }> = Awaited<
  ReturnType<Module['handler']>
>;

const words: { readonly [Name in Job]: (result: Results[Name]) => string } = {
  heartbeat: (at) => `wrote the row of ${clockTime(at)}`,
  'reconcile-balances': ({ organizations, failed, keysChecked, corrected, alerted, sealed, caughtUp }) => {
    if (organizations === 0) return 'no organization was due';
    const parts = [
      `compared ${counted(keysChecked, 'balance')} of ${counted(organizations, 'organization')} with history`,
      `${corrected} corrected`,
      counted(sealed, 'seal'),
      ...(alerted > 0 ? [counted(alerted, 'alert')] : []),
      ...(failed > 0 ? [`${counted(failed, 'organization')} failed`] : []),
      ...(caughtUp ? [] : ['the next run goes on']),
    ];
    return parts.join(', ');
  },
  tidy: ({ organizations, idempotencyKeys, securityEvents, reservations, left }) => {
    const deleted = `${counted(idempotencyKeys, 'idempotency key')} and ${counted(securityEvents, 'security event')}`;
    const rest = left > 0 ? `; ${counted(left, 'organization')} are left to the next run` : '';
    return `deleted ${deleted}, closed ${counted(reservations, 'reservation')} of ${counted(organizations, 'organization')}${rest}`;
  },
  'monitor-backups': ({ results, alerts }) => {
    const { ok, warn, fail, could_not_run } = countsOf(results);
    const blind = could_not_run > 0 ? `, ${could_not_run} could not run` : '';
    const checks = counted(ok + warn + fail + could_not_run, 'check');
    return `${checks}: ${ok} ok, ${counted(warn, 'warning')}, ${fail} failing${blind}; ${counted(alerts.length, 'alert')} sent`;
  },
  'verify-snapshot': ({ drill, passed, waitsFor }) => {
    if (drill === undefined) return 'no drill is due';
    if (waitsFor !== undefined) return `drill ${drill} waits for ${waitsFor}`;
    return `drill ${drill} ${passed ? 'passed' : 'FAILED'} and is over; none is due`;
  },
  'sweep-drills': (swept) => (swept.length > 0 ? `deleted ${swept.join(', ')}` : 'nothing was left behind'),
};

/** What came of a run, in words: `result` is what the job's handler returned. */
export function outcomeOf(job: Job, result: unknown): string {
  return (words[job] as (of: unknown) => string)(result);
}

/** A time of today for people, as `20:46:00 UTC`. */
export function clockTime(at: Date): string {
  return `${at.toISOString().slice(11, 19)} UTC`;
}
