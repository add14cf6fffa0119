import { describe, expect, test } from 'vitest';
import type { Schedule } from '#functions/schedules.ts';
import type { Clock } from './clock.ts';
import { createScheduler, type JobReport, type SchedulerOptions } from './scheduler.ts';

const graceMs = 10_000;
const start = Date.parse('2026-03-01T09:00:30Z');

/** A clock that moves only when a test moves it. It then wakes the timers that are due, in order. */
function handDriven() {
  let nowMs = start;
  const alarms = new Set<{ atMs: number; callBack: () => void }>();
  const clock: Clock = {
    now: () => new Date(nowMs),
    at(time, callBack) {
      const alarm = { atMs: time.getTime(), callBack };
      alarms.add(alarm);
      return () => alarms.delete(alarm);
    },
  };
  async function move(ms: number): Promise<void> {
    const untilMs = nowMs + ms;
    for (;;) {
      const [due] = [...alarms].filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs);
      if (!due) break;
      nowMs = Math.max(nowMs, due.atMs);
      alarms.delete(due);
      due.callBack();
      await settle();
    }
    nowMs = untilMs;
  }
  return { clock, move, alarms };
}

/** Lets everything run that waits for nothing but its turn. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

const of = (job: string, expression: Schedule['expression']): Schedule => ({
  job,
  does: 'is tested',
  expression,
  flexibleMinutes: 1,
  maxAgeMinutes: 1,
  silentAfterHours: 1,
});
const minutely = of('minutely', 'rate(1 minute)');
const hourly = of('hourly', 'rate(1 hour)');

function set(run: SchedulerOptions['run'], schedules: readonly Schedule[] = [minutely]) {
  const driven = handDriven();
  const reports: JobReport[] = [];
  const scheduler = createScheduler({
    schedules,
    run,
    onReport: (report) => reports.push(report),
    clock: driven.clock,
    graceMs,
  });
  return {
    ...driven,
    scheduler,
    reports,
    told: () => reports.map(({ schedule, kind }) => [schedule.job, kind]),
  };
}

/** A job that runs until its signal ends it. */
function held() {
  const runs: { readonly at: string; readonly signal: AbortSignal; end(outcome: string): void }[] = [];
  const run: SchedulerOptions['run'] = (_, at, signal) =>
    new Promise((resolve) => runs.push({ at: at.toISOString(), signal, end: resolve }));
  return { run, runs };
}

test('each job runs at its times, and a line reports the result and the duration of each run', async () => {
  const at: string[] = [];
  const { scheduler, move, reports } = set(
    async ({ job }, time) => {
      at.push(`${job} ${time.toISOString()}`);
      return `ran ${job}`;
    },
    [minutely, hourly],
  );
  expect(scheduler.start()).toEqual([
    { schedule: minutely, next: new Date('2026-03-01T09:01:00Z') },
    { schedule: hourly, next: new Date('2026-03-01T10:00:00Z') },
  ]);
  expect(reports).toEqual([]);
  await move(150_000);
  expect(at).toEqual([
    'minutely 2026-03-01T09:01:00.000Z',
    'minutely 2026-03-01T09:02:00.000Z',
    'minutely 2026-03-01T09:03:00.000Z',
  ]);
  expect(reports[0]).toEqual({ schedule: minutely, kind: 'done', outcome: 'ran minutely', durationMs: 0 });
  await move(3_600_000);
  expect(at.filter((each) => each.startsWith('hourly'))).toEqual(['hourly 2026-03-01T10:00:00.000Z']);
  expect(at).toHaveLength(64);
});

test('a job that fails is reported with its next run, and runs again like the others', async () => {
  const broken = new Error('the database is away');
  const { scheduler, move, reports, told } = set(async () => {
    throw broken;
  }, [minutely, of('other', 'rate(1 minute)')]);
  scheduler.start();
  await move(90_000);
  expect(told()).toEqual([
    ['minutely', 'failed'],
    ['other', 'failed'],
    ['minutely', 'failed'],
    ['other', 'failed'],
  ]);
  expect(reports[0]).toMatchObject({ error: broken, next: new Date('2026-03-01T09:02:00Z') });
});

test('a job never runs twice at once: what comes due meanwhile is left out, and other jobs run', async () => {
  const job = held();
  const { scheduler, move, told, reports } = set(
    (schedule, at, signal) =>
      schedule === minutely ? job.run(schedule, at, signal) : Promise.resolve('ran'),
    [minutely, of('other', 'rate(1 minute)')],
  );
  scheduler.start();
  await move(30_000 + 60_000 + 20_000);
  expect(job.runs).toHaveLength(1);
  expect(told()).toEqual([
    ['other', 'done'],
    ['minutely', 'skipped'],
    ['other', 'done'],
  ]);
  expect(reports[1]).toMatchObject({ since: new Date('2026-03-01T09:01:00Z') });
  job.runs[0]?.end('at last');
  await settle();
  expect(reports.at(-1)).toMatchObject({ schedule: minutely, outcome: 'at last', durationMs: 80_000 });
  await move(40_000);
  expect(job.runs.map(({ at }) => at)).toEqual(['2026-03-01T09:01:00.000Z', '2026-03-01T09:03:00.000Z']);
});

test('a clock that stood still, as of a machine that slept, makes one run of what it missed', async () => {
  const { scheduler, clock, alarms, told } = set(async () => 'ran');
  scheduler.start();
  const [alarm] = alarms;
  const wokenAt = new Date(start + 8 * 3_600_000);
  clock.now = () => wokenAt;
  alarm?.callBack();
  await settle();
  expect(told()).toEqual([['minutely', 'done']]);
  expect([...alarms].at(-1)?.atMs).toBe(Date.parse('2026-03-01T17:01:00Z'));
});

test('a timer that is early does not run its time twice', async () => {
  const { scheduler, clock, alarms } = set(async () => 'ran');
  scheduler.start();
  const [alarm] = alarms;
  clock.now = () => new Date('2026-03-01T09:00:59.998Z');
  alarm?.callBack();
  expect([...alarms].at(-1)?.atMs).toBe(Date.parse('2026-03-01T09:02:00Z'));
});

describe('a run besides the schedule', () => {
  test('is waited for and told; one that is not among the schedules is passed over', async () => {
    const { scheduler, told } = set(async () => 'ran');
    await scheduler.runNow('minutely');
    await scheduler.runNow('absent');
    expect(told()).toEqual([['minutely', 'done']]);
  });

  test('of a job at work waits for the run that there is', async () => {
    const job = held();
    const { scheduler, told } = set(job.run);
    const both = Promise.all([scheduler.runNow('minutely'), scheduler.runNow('minutely')]);
    job.runs[0]?.end('ran');
    await both;
    expect([job.runs.length, told()]).toEqual([
      1,
      [
        ['minutely', 'skipped'],
        ['minutely', 'done'],
      ],
    ]);
  });
});

describe('the end', () => {
  test('starts nothing more', async () => {
    const { scheduler, move, told, alarms } = set(async () => 'ran');
    scheduler.start();
    await scheduler.stop();
    expect(alarms.size).toBe(0);
    await move(600_000);
    expect(told()).toEqual([]);
  });

  test('tells what is at work that its time is over, and waits for it', async () => {
    const job = held();
    const { scheduler, move, told, alarms } = set(job.run);
    scheduler.start();
    await move(30_000);
    const [running] = job.runs;
    expect(running?.signal.aborted).toBe(false);
    let isStopped = false;
    const stopped = scheduler.stop().then(() => {
      isStopped = true;
    });
    await move(graceMs - 1);
    expect([running?.signal.aborted, isStopped]).toEqual([true, false]);
    running?.end('as far as it came');
    await stopped;
    expect(told()).toEqual([['minutely', 'done']]);
    expect(alarms.size).toBe(0);
  });

  test('does not wait for ever', async () => {
    const job = held();
    const { scheduler, move, reports } = set(job.run);
    scheduler.start();
    await move(30_000);
    const stopped = scheduler.stop();
    await move(graceMs);
    await stopped;
    expect(reports).toEqual([
      { schedule: minutely, kind: 'interrupted', since: new Date('2026-03-01T09:01:00Z') },
    ]);
  });
});
