/**
 * The schedule table: which job runs how often. Pure data with three readers: the CDK stack, the scheduler of the local
 * platform and the tests. The expressions are those of EventBridge Scheduler, in UTC.
 */
export const schedules = [
  {
    job: 'heartbeat',
    does: 'leaves a row every minute, by which a restored copy tells what it has lost',
    expression: 'rate(1 minute)',
    flexibleMinutes: 1,
    // A late heartbeat is useless: the next one comes within a minute.
    maxAgeMinutes: 1,
    silentAfterHours: 1,
  },
  {
    job: 'verify-snapshot',
    does: 'restores a backup once a week and proves it',
    // A drill has several steps, and RDS needs minutes for each.
    expression: 'rate(5 minutes)',
    flexibleMinutes: 1,
    // Longer than a run may take: a run that waits for another one has not failed.
    maxAgeMinutes: 20,
    silentAfterHours: 3,
    worksOn: 'instance backups',
  },
  {
    job: 'reconcile-balances',
    does: 'proves balances against history, and seals what is proven',
    // Each run takes what is due, so the work of a day does not have to fit into one run.
    expression: 'rate(15 minutes)',
    flexibleMinutes: 1,
    maxAgeMinutes: 30,
    silentAfterHours: 3,
  },
  {
    job: 'monitor-backups',
    does: 'looks whether the backups are what was promised',
    expression: 'rate(1 hour)',
    flexibleMinutes: 5,
    maxAgeMinutes: 30,
    silentAfterHours: 3,
    worksOn: 'backups',
  },
  {
    job: 'sweep-drills',
    does: 'deletes what drills have left behind',
    expression: 'rate(1 hour)',
    flexibleMinutes: 5,
    maxAgeMinutes: 30,
    silentAfterHours: 3,
    worksOn: 'instance backups',
  },
  {
    job: 'tidy',
    does: 'deletes what has outlived its purpose',
    // At night in Europe, when few people work.
    expression: 'cron(10 3 * * ? *)',
    flexibleMinutes: 60,
    maxAgeMinutes: 60,
    silentAfterHours: 26,
  },
] as const satisfies readonly Schedule[];

/** One line of the table. */
export interface Schedule {
  /** Names the file `functions/jobs/<job>.lambda.ts`. */
  readonly job: string;
  /** What it does, to read after its name. */
  readonly does: string;
  readonly expression: `rate(${string})` | `cron(${string})`;
  /** Minutes within which AWS may start it after its time, so that not everything starts at once. At least one. */
  readonly flexibleMinutes: number;
  /** After this, AWS drops a run that could not start; the next run does its work. From a minute to six hours. */
  readonly maxAgeMinutes: number;
  /** After so many hours without a run, an alarm says that the schedule is broken. */
  readonly silentAfterHours: number;
  /** The backups it works on, if any: those of an RDS instance only, or also those of an Aurora cluster. */
  readonly worksOn?: 'instance backups' | 'backups';
}

export type Job = (typeof schedules)[number]['job'];

/** The line of a job. */
export function scheduleOf(job: Job): Schedule {
  // The type of `job` says that there is one.
  return schedules.find((each) => each.job === job) as Schedule;
}
