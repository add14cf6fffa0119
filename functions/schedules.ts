/**
 * The schedule table: which job runs how often. Pure data with three readers: the CDK stack, the scheduler of the local
 * platform and the tests. Every expression is in UTC, and is one of EventBridge Scheduler's.
 */
export const schedules = [
  {
    job: 'heartbeat',
    does: 'leaves a row every minute, by which a restored copy tells what it has lost',
    expression: 'rate(1 minute)',
    flexibleMinutes: 1,
    // A late one tells nothing: the next comes in a minute.
    maxAgeMinutes: 1,
    silentAfterHours: 1,
  },
  {
    job: 'verify-snapshot',
    does: 'restores a backup once a week and proves it',
    // A drill has several steps, and RDS needs minutes for each.
    expression: 'rate(5 minutes)',
    flexibleMinutes: 1,
    // Longer than a run may take: what waits for one to end has not failed.
    maxAgeMinutes: 20,
    silentAfterHours: 3,
    worksOn: 'instance backups',
  },
  {
    job: 'reconcile-balances',
    does: 'proves balances against history, and seals what is proven',
    // Each takes up what is due: a day's work need not fit into one run.
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
    // When most of those who work have ended.
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
  /** What it does, to be read after its name. */
  readonly does: string;
  readonly expression: `rate(${string})` | `cron(${string})`;
  /** Minutes within which AWS may start it after its time, so that not everything starts at once. At least one. */
  readonly flexibleMinutes: number;
  /** After this AWS gives up a run that could not start; the next one does its work. One minute to six hours. */
  readonly maxAgeMinutes: number;
  /** When nothing has started it for so long, its schedule is broken and an alarm says so. */
  readonly silentAfterHours: number;
  /** What it needs besides the database: an instance of RDS, or an instance or a cluster. */
  readonly worksOn?: 'instance backups' | 'backups';
}

export type Job = (typeof schedules)[number]['job'];

/** The line of a job. */
export function scheduleOf(job: Job): Schedule {
  // The type of `job` says that there is one.
  return schedules.find((each) => each.job === job) as Schedule;
}
