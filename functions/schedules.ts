/**
 * The schedule table: which job runs how often. Pure data with three readers: the CDK stack, the scheduler of the local
 * platform and the tests. Every expression is in UTC, and is one of EventBridge Scheduler's.
 */
export const schedules = [
  {
    job: 'heartbeat',
    does: 'writes a row every minute, so that a restored copy shows what it has lost',
    expression: 'rate(1 minute)',
    flexibleMinutes: 1,
    // A late heartbeat is useless: the next one comes in a minute.
    maxAgeMinutes: 1,
    silentAfterHours: 1,
  },
  {
    job: 'verify-snapshot',
    does: 'restores a backup once a week and proves it',
    // A drill has several steps, and RDS needs minutes for each.
    expression: 'rate(5 minutes)',
    flexibleMinutes: 1,
    // Longer than the longest run: a run that waits for another one has not failed.
    maxAgeMinutes: 20,
    silentAfterHours: 3,
    worksOn: 'instance backups',
  },
  {
    job: 'reconcile-balances',
    does: 'compares balances with their history, and seals what is right',
    // Each run takes what is due, so the work of a day does not have to fit into one run.
    expression: 'rate(15 minutes)',
    flexibleMinutes: 1,
    maxAgeMinutes: 30,
    silentAfterHours: 3,
  },
  {
    job: 'monitor-backups',
    does: 'checks whether the backups keep the promises',
    expression: 'rate(1 hour)',
    flexibleMinutes: 5,
    maxAgeMinutes: 30,
    silentAfterHours: 3,
    worksOn: 'backups',
  },
  {
    job: 'sweep-drills',
    does: 'deletes leftovers of drills',
    expression: 'rate(1 hour)',
    flexibleMinutes: 5,
    maxAgeMinutes: 30,
    silentAfterHours: 3,
    worksOn: 'instance backups',
  },
  {
    job: 'tidy',
    does: 'deletes expired idempotency keys and security events, and closes expired reservations',
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
  /** What the job does. It is printed after its name. */
  readonly does: string;
  readonly expression: `rate(${string})` | `cron(${string})`;
  /** AWS starts the job within this many minutes after its time, so that not all jobs start at once. At least one. */
  readonly flexibleMinutes: number;
  /** A run that could not start within this time is dropped; the next run does its work. One minute to six hours. */
  readonly maxAgeMinutes: number;
  /** If nothing has started the job for this long, its schedule is broken, and an alarm starts. */
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
