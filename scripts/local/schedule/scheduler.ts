import type { Schedule } from '#functions/schedules.ts';
import type { Clock } from './clock.ts';
import { nextRun } from './next-run.ts';

/** What is told of a job: that it ran, that it failed, that it was not started, or that it was given up. */
export type JobReport = { readonly schedule: Schedule } & (
  | { readonly kind: 'done'; readonly outcome: string; readonly durationMs: number }
  | { readonly kind: 'failed'; readonly error: unknown; readonly durationMs: number; readonly next: Date }
  /** It still runs. The next one does what this one would have done. */
  | { readonly kind: 'left out'; readonly since: Date }
  /** It had not ended when the platform did. The next start goes on with its work. */
  | { readonly kind: 'given up'; readonly since: Date }
);

export interface SchedulerOptions {
  readonly schedules: readonly Schedule[];
  /** Does one run and returns what came of it. Once `signal` is aborted it should end soon. */
  readonly run: (schedule: Schedule, at: Date, signal: AbortSignal) => Promise<string>;
  readonly onReport: (report: JobReport) => void;
  readonly clock: Clock;
  /** How long the end of the platform waits for what is at work. */
  readonly graceMs: number;
}

/** A schedule and when it runs next. */
export interface Due {
  readonly schedule: Schedule;
  readonly next: Date;
}

export interface Scheduler {
  /** Starts the clock, and returns when each job runs first. */
  start(): readonly Due[];
  /** Runs a job now, besides its schedule; a job that has none here is passed over. */
  runNow(job: string): Promise<void>;
  /** Starts nothing more, and waits for what is at work: it is told that its time is over. */
  stop(): Promise<void>;
}

/**
 * Runs jobs at their times. A job never runs twice at once, and what fails is reported and runs again at its next time.
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
      // A timer may be early by a hair: counted from the time it is for, no time comes twice.
      arm(schedule, new Date(Math.max(next.getTime(), clock.now().getTime())));
      void begin(schedule);
    });
    timers.set(schedule, cancel);
    return next;
  }

  function begin(schedule: Schedule): Promise<void> {
    const running = atWork.get(schedule);
    if (running) {
      onReport({ schedule, kind: 'left out', since: running.since });
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
      for (const [schedule, { since }] of atWork) onReport({ schedule, kind: 'given up', since });
    },
  };
}
