import { expect, test } from 'vitest';
import { recoveryPolicy as policy } from '../policy.ts';
import { changeOf, isTroubled } from './changes.ts';
import { checkStatuses } from './check.ts';
import type { AlertedStatus, AlertSeverity, CheckState } from './states.ts';

const now = new Date('2026-03-01T12:00:00.000Z');
const ago = (ms: number) => new Date(now.getTime() - ms);

/** A check that has stood so for a while, and what was told of it. */
function state(
  status: CheckState['status'],
  sinceMs: number,
  told?: readonly [status: AlertedStatus, severity: AlertSeverity, agoMs: number],
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
    alerted: told && { status: told[0], severity: told[1], at: ago(told[2]) },
  };
}

test('what somebody has to know of is a warning, a failure, and not to know', () => {
  expect(checkStatuses.filter(isTroubled)).toEqual(['warn', 'fail', 'could_not_run']);
});

test.each([
  ['what is ok and was never told is not', state('ok', 0), undefined],
  ['what does not apply and was never told is not', state('not_applicable', 0), undefined],
  ['what is ok again is', state('ok', 0, ['fail', 'critical', 1]), ['resolved', undefined]],
  [
    'what no longer applies is as well again',
    state('not_applicable', 0, ['warn', 'warning', 1]),
    ['resolved', undefined],
  ],
  ['a new failure is critical', state('fail', 0), ['changed', 'critical']],
  ['a new warning is one', state('warn', policy.blindMs), ['changed', 'warning']],
  ['not to know is a warning at first', state('could_not_run', policy.blindMs - 1), ['changed', 'warning']],
  ['and critical after three hours', state('could_not_run', policy.blindMs), ['changed', 'critical']],
  [
    'what was told as a warning is told anew when it has become critical',
    state('could_not_run', policy.blindMs, ['could_not_run', 'warning', 1]),
    ['changed', 'critical'],
  ],
  [
    'what is as serious and another status is told',
    state('fail', 0, ['could_not_run', 'critical', 1]),
    ['changed', 'critical'],
  ],
  [
    'what was told is not told again before the reminder is due',
    state('fail', 0, ['fail', 'critical', policy.reminderMs - 1]),
    undefined,
  ],
  ['and is then', state('fail', 0, ['fail', 'critical', policy.reminderMs]), ['reminder', 'critical']],
] as const)('told: %s', (_, stands, told) => {
  const [occasion, severity] = told ?? [];
  expect(changeOf(stands, policy, now)).toEqual(occasion && { occasion, state: stands, severity });
});
