import { expect, test } from 'vitest';
import { recoveryPolicy as policy } from '../policy.ts';
import { changeOf, isTroubled } from './changes.ts';
import { checkStatuses } from './check.ts';
import type { AlertedStatus, AlertSeverity, CheckState } from './states.ts';

const now = new Date('2026-03-01T12:00:00.000Z');
const ago = (ms: number) => new Date(now.getTime() - ms);

/** A check with its status, how long it has had it, and its last alert. */
function state(
  status: CheckState['status'],
  sinceMs: number,
  alerted?: readonly [status: AlertedStatus, severity: AlertSeverity, agoMs: number],
): CheckState {
  return {
    check: 'retention',
    title: 'Backups are kept long enough',
    status,
    summary: 'kept',
    facts: {},
    runbook: 'docs/runbook/backup-retention.md',
    since: ago(sinceMs),
    checkedAt: now,
    alerted: alerted && { status: alerted[0], severity: alerted[1], at: ago(alerted[2]) },
  };
}

test('a check needs attention when it warns, fails or could not run', () => {
  expect(checkStatuses.filter(isTroubled)).toEqual(['warn', 'fail', 'could_not_run']);
});

test.each([
  ['nothing: ok, never reported', state('ok', 0), undefined],
  ['nothing: does not apply, never reported', state('not_applicable', 0), undefined],
  ['ok again after a failure', state('ok', 0, ['fail', 'critical', 1]), ['resolved', undefined]],
  [
    'does not apply any more, after a warning',
    state('not_applicable', 0, ['warn', 'warning', 1]),
    ['resolved', undefined],
  ],
  ['a new failure is critical', state('fail', 0), ['changed', 'critical']],
  ['a new warning is a warning', state('warn', policy.blindMs), ['changed', 'warning']],
  [
    'could not run for less than three hours: a warning',
    state('could_not_run', policy.blindMs - 1),
    ['changed', 'warning'],
  ],
  [
    'could not run for three hours: critical',
    state('could_not_run', policy.blindMs),
    ['changed', 'critical'],
  ],
  [
    'a warning that becomes critical is reported again',
    state('could_not_run', policy.blindMs, ['could_not_run', 'warning', 1]),
    ['changed', 'critical'],
  ],
  [
    'another status with the same severity is reported again',
    state('fail', 0, ['could_not_run', 'critical', 1]),
    ['changed', 'critical'],
  ],
  [
    'nothing: already reported, and the reminder is not due',
    state('fail', 0, ['fail', 'critical', policy.reminderMs - 1]),
    undefined,
  ],
  [
    'a reminder when it is due',
    state('fail', 0, ['fail', 'critical', policy.reminderMs]),
    ['reminder', 'critical'],
  ],
] as const)('reported: %s', (_, current, expected) => {
  const [occasion, severity] = expected ?? [];
  expect(changeOf(current, policy, now)).toEqual(occasion && { occasion, state: current, severity });
});
