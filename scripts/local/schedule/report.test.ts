import { describe, expect, test } from 'vitest';
import { type Job, scheduleOf, schedules } from '#functions/schedules.ts';
import { Unavailable } from '#platform/errors.ts';
import { scheduledEvent } from './event.ts';
import { outcomeOf } from './outcome.ts';
import { dueText, jobText } from './report.ts';

const at = new Date('2026-03-01T09:30:00.123Z');

test('a run is one line: the job, what came of it, how long it took', () => {
  const schedule = scheduleOf('sweep-drills');
  const report = { schedule, kind: 'done', outcome: 'nothing was left behind', durationMs: 12 } as const;
  expect(jobText(report)).toBe('job sweep-drills: nothing was left behind (12 ms)');
});

test('a failure says what, when it runs again, and what to do', () => {
  const error = new Unavailable('The connection to the database was lost: try again.');
  const report = { schedule: scheduleOf('tidy'), kind: 'failed', error, durationMs: 12, next: at } as const;
  expect(jobText(report).split('\n')).toEqual([
    'job tidy: FAILED (12 ms)',
    '  error: The connection to the database was lost: try again.',
    '  It runs again at 2026-03-01 09:30:00 UTC. What to do: docs/runbook/job-errors.md',
    '  To try at once: npm run tidy',
  ]);
});

test('a skipped and an interrupted run say since when the job is running', () => {
  const schedule = scheduleOf('verify-snapshot');
  expect(jobText({ schedule, kind: 'skipped', since: at })).toContain('running since 09:30:00 UTC');
  expect(jobText({ schedule, kind: 'interrupted', since: at })).toContain(
    'the next start continues its work',
  );
});

test('the start lists every schedule with its rate and its next run', () => {
  const due = schedules.map((schedule) => ({ schedule, next: at }));
  expect(dueText(due).split('\n')).toEqual([
    '  heartbeat           every minute        next at 2026-03-01 09:30:00 UTC',
    '  verify-snapshot     every 5 minutes     next at 2026-03-01 09:30:00 UTC',
    '  reconcile-balances  every 15 minutes    next at 2026-03-01 09:30:00 UTC',
    '  monitor-backups     every hour          next at 2026-03-01 09:30:00 UTC',
    '  sweep-drills        every hour          next at 2026-03-01 09:30:00 UTC',
    '  tidy                cron(10 3 * * ? *)  next at 2026-03-01 09:30:00 UTC',
  ]);
});

describe('what came of a run', () => {
  const tick = {
    organizations: 0,
    failed: 0,
    keysChecked: 0,
    corrected: 0,
    alerted: 0,
    sealed: 0,
    caughtUp: true,
  };
  const tidied = { organizations: 1, idempotencyKeys: 1, securityEvents: 0, reservations: 2, left: 0 };
  const results = ['ok', 'ok', 'warn', 'fail', 'not_applicable'].map((status) => ({ status }));
  test.each([
    ['heartbeat', at, 'wrote the row of 09:30:00 UTC'],
    ['reconcile-balances', tick, 'no organization was due'],
    [
      'reconcile-balances',
      { ...tick, organizations: 2, keysChecked: 1, sealed: 2 },
      'compared 1 balance of 2 organizations with history, 0 corrected, 2 seals',
    ],
    [
      'reconcile-balances',
      { organizations: 3, failed: 1, keysChecked: 9, corrected: 1, alerted: 1, sealed: 1, caughtUp: false },
      'compared 9 balances of 3 organizations with history, 1 corrected, 1 seal, 1 alert, 1 organization failed, the next run goes on',
    ],
    [
      'tidy',
      tidied,
      'deleted 1 idempotency key and 0 security events, closed 2 reservations of 1 organization',
    ],
    [
      'tidy',
      { ...tidied, left: 2 },
      'deleted 1 idempotency key and 0 security events, closed 2 reservations of 1 organization; 2 organizations are left to the next run',
    ],
    ['monitor-backups', { results, alerts: ['a'] }, '4 checks: 2 ok, 1 warning, 1 failing; 1 alert sent'],
    [
      'monitor-backups',
      { results: [{ status: 'could_not_run' }], alerts: [] },
      '1 check: 0 ok, 0 warnings, 0 failing, 1 could not run; 0 alerts sent',
    ],
    ['verify-snapshot', {}, 'no drill is due'],
    ['verify-snapshot', { drill: '000001', waitsFor: 'more time' }, 'drill 000001 waits for more time'],
    ['verify-snapshot', { drill: '000001', passed: true }, 'drill 000001 passed and is over; none is due'],
    ['verify-snapshot', { drill: '000001', passed: false }, 'drill 000001 FAILED and is over; none is due'],
    ['sweep-drills', ['a', 'b'], 'deleted a, b'],
    ['sweep-drills', [], 'nothing was left behind'],
  ] as [Job, unknown, string][])('of %s: %j', (job, result, text) => {
    expect(outcomeOf(job, result)).toBe(text);
  });
});

test('a job gets the event of EventBridge Scheduler', () => {
  expect(scheduledEvent('tidy', at)).toEqual({
    version: '0',
    id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    'detail-type': 'Scheduled Event',
    source: 'aws.scheduler',
    account: '000000000000',
    time: '2026-03-01T09:30:00Z',
    region: 'eu-central-1',
    resources: ['arn:aws:scheduler:eu-central-1:000000000000:schedule/default/tidy'],
    detail: '{}',
  });
});
