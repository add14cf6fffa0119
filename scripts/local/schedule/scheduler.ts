import type { Schedule } from '#functions/schedules.ts';
import type { Clock } from './clock.ts';
import { nextRun } from './next-run.ts';

/** What the scheduler reports: a run that ended, failed, was skipped or was interrupted. */
export type JobReport = { readonly schedule: Schedule } & (
  | { readonly kind: 'done'; readonly outcome: string; readonly durationMs: number }
  | { readonly kind: 'failed'; readonly error: unknown; readonly durationMs: number; readonly next: Date }
  /** The run before it is still running. The next run does its work. */
  | { readonly kind: 'skipped'; readonly since: Date }
  /** The platform stopped before it ended. The next start continues its work. */
  | { readonly kind: 'interrupted'; readonly since: Date }
);

export interface SchedulerOptions {
  readonly schedules: readonly Schedule[];
  /** Does one run and returns its outcome in words. When `signal` is aborted, it should end soon. */
  readonly run: (schedule: Schedule, at: Date, signal: AbortSignal) => Promise<string>;
  readonly onReport: (report: JobReport) => void;
  readonly clock: Clock;
  /** How long `stop()` waits for running jobs. */
  readonly graceMs: number;
}

/** A schedule and when it runs next. */
export interface Due {
  readonly schedule: Schedule;
  readonly next: Date;
}

export interface Scheduler {
  /** Starts all schedules, and returns the first run of each. */
  start(): readonly Due[];
  /** Runs a job now, in addition to its schedule. Ignores a job that is not among the schedules. */
  runNow(job: string): Promise<void>;
  /** Starts no further run, tells the running jobs that no time is left, and waits for them. */
  stop(): Promise<void>;
}

/**
 * Runs jobs at their times. A job never runs twice at once. A failure is reported, and the job runs again at its next time.
 *
 * @example
 * const scheduler = createScheduler({ schedules, run: createJobRunner(loader), onReport, clock: systemClock, graceMs: 10_000 });
 * const due = scheduler.start();
 */
export function createScheduler({ schedules, run, onReport, clock, graceMs }: SchedulerOptions): Scheduler {
  const timers = new Map<Schedule, () => void>();
  const atWork = new Map<Schedule, { readonly since: Date; readonly ended: Promise<void> }>();
  const stopping = new AbortController();

  function arm(schedule: Schedule, after: Date): Date {
    const next = nextRun(schedule.expression, after);
    const cancel = clock.at(next, () => {
      // A timer can fire slightly early. Counting from its own time, no time comes twice.
      arm(schedule, new Date(Math.max(next.getTime(), clock.now().getTime())));
      void begin(schedule);
    });
    timers.set(schedule, cancel);
    return next;
  }

  function begin(schedule: Schedule): Promise<void> {
    const running = atWork.get(schedule);
    if (running) {
      onReport({ schedule, kind: 'skipped', since: running.since });
      return running.ended;
    }
    const since = clock.now();
    const ended = work(schedule, since).finally(() => atWork.delete(schedule));
    atWork.set(schedule, { since, ended });
    return ended;
  }

  async function work(schedule: Schedule, since: Date): Promise<void> {
    const took = () => clock.now().getTime() - since.getTime();
    try {
      const outcome = await run(schedule, since, stopping.signal);
      onReport({ schedule, kind: 'done', outcome, durationMs: took() });
    } catch (error) {
      const next = nextRun(schedule.expression, clock.now());
      onReport({ schedule, kind: 'failed', error, durationMs: took(), next });
    }
  }

  return {
    start: () => schedules.map((schedule) => ({ schedule, next: arm(schedule, clock.now()) })),
    async runNow(job) {
      const schedule = schedules.find((each) => each.job === job);
      if (schedule) await begin(schedule);
    },
    async stop() {
      for (const cancel of timers.values()) cancel();
      stopping.abort();
      if (atWork.size === 0) return;
      await new Promise<void>((resolve) => {
        const cancel = clock.at(new Date(clock.now().getTime() + graceMs), resolve);
        void Promise.all([...atWork.values()].map(({ ended }) => ended)).then(() => {
          cancel();
          resolve();
        });
      });
      for (const [schedule, { since }] of atWork) onReport({ schedule, kind: 'interrupted', since });
    },
  };
}
