import { expect, test } from 'vitest';
import type { Change, Occasion } from './changes.ts';
import { messagesOf, unnotedMessage } from './messages.ts';
import type { AlertSeverity, CheckState } from './states.ts';

const now = new Date('2026-03-01T12:00:00.000Z');
const minuteMs = 60_000;
const ago = (ms: number) => new Date(now.getTime() - ms);

function change(
  check: string,
  status: CheckState['status'],
  occasion: Occasion,
  severity: AlertSeverity | undefined,
  more: Partial<CheckState> = {},
): Change {
  const state: CheckState = {
    check,
    title: `Title of ${check}`,
    status,
    summary: `Summary of ${check}.`,
    facts: { days: 3 },
    runbook: `docs/runbook/backup-${check}.md`,
    since: ago(5 * minuteMs),
    checkedAt: now,
    alerted: undefined,
    ...more,
  };
  return { occasion, state, severity };
}

const facts = (check: string, status: string) => ({
  check,
  status,
  summary: `Summary of ${check}.`,
  runbook: `docs/runbook/backup-${check}.md`,
  facts: { days: 3 },
});

test('nothing has changed, so there is nothing to say', () => {
  expect(messagesOf([], now)).toEqual([]);
});

test('each check that is wrong has a message of its own, with since when and its page', () => {
  const messages = messagesOf(
    [
      change('retention', 'fail', 'changed', 'critical'),
      change('encryption', 'warn', 'reminder', 'warning', { since: ago(minuteMs - 1) }),
    ],
    now,
  );
  expect(messages).toEqual([
    {
      name: 'BackupCheck',
      severity: 'critical',
      summary: 'Backup check retention: fail',
      detail: [
        'Summary of retention.',
        '',
        'What should be so: Title of retention.',
        'It is so for 5 min.',
        'To look again: npm run monitor:backups',
      ].join('\n'),
      runbook: 'docs/runbook/backup-retention.md',
      facts: { occasion: 'changed', ...facts('retention', 'fail'), since: ago(5 * minuteMs) },
    },
    {
      name: 'BackupCheck',
      severity: 'warning',
      summary: 'Still: backup check encryption: warn',
      detail: expect.stringContaining('It is so since just now.'),
      runbook: 'docs/runbook/backup-encryption.md',
      facts: { occasion: 'reminder', ...facts('encryption', 'warn'), since: ago(minuteMs - 1) },
    },
  ]);
});

test('what has been so for exactly a minute is no longer so since just now', () => {
  const [message] = messagesOf([change('a', 'fail', 'changed', 'critical', { since: ago(minuteMs) })], now);
  expect(message?.detail).toContain('It is so for 1 min.');
});

test('all that could not run is one message, as serious as the worst of it', () => {
  const blind = (check: string, occasion: Occasion, severity: AlertSeverity) =>
    change(check, 'could_not_run', occasion, severity, { reason: 'throttled' });
  expect(messagesOf([blind('a', 'changed', 'warning'), blind('b', 'reminder', 'critical')], now)).toEqual([
    {
      name: 'BackupChecksBlind',
      severity: 'critical',
      summary: '2 backup checks could not run',
      detail: [
        'Nobody knows whether these are so:',
        '',
        'a: Title of a.',
        '  Summary of a.',
        '  It is so for 5 min. docs/runbook/backup-a.md',
        'b: Title of b.',
        '  Summary of b.',
        '  It is so for 5 min. docs/runbook/backup-b.md',
        '',
        'To look again: npm run monitor:backups',
      ].join('\n'),
      runbook: 'docs/runbook/backup-could-not-run.md',
      facts: {
        checks: ['a', 'b'].map((check) => ({
          ...facts(check, 'could_not_run'),
          reason: 'throttled',
          since: ago(5 * minuteMs),
        })),
      },
    },
  ]);
  expect(messagesOf([blind('a', 'reminder', 'warning')], now)).toMatchObject([
    { severity: 'warning', summary: 'Still: 1 backup check could not run' },
  ]);
});

test('all that is well again is one message, with what was told and when', () => {
  const well = change('retention', 'ok', 'resolved', undefined, {
    alerted: { status: 'fail', severity: 'critical', at: ago(90 * minuteMs) },
  });
  // It says so even of what could not run before.
  const untold = change('encryption', 'ok', 'resolved', undefined);
  expect(messagesOf([well, untold], now)).toEqual([
    {
      name: 'BackupChecksResolved',
      severity: 'info',
      summary: 'Resolved: retention, encryption',
      detail:
        'retention: Summary of retention. It was told 1 h 30 min ago as fail.\nencryption: Summary of encryption.',
      runbook: 'docs/runbook/backup-could-not-run.md',
      facts: { checks: [facts('retention', 'ok'), facts('encryption', 'ok')] },
    },
  ]);
});

test('what is wrong comes first, then what is not known, then what is well', () => {
  const names = messagesOf(
    [
      change('c', 'ok', 'resolved', undefined),
      change('b', 'could_not_run', 'changed', 'warning'),
      change('a', 'fail', 'changed', 'critical'),
    ],
    now,
  ).map(({ name }) => name);
  expect(names).toEqual(['BackupCheck', 'BackupChecksBlind', 'BackupChecksResolved']);
});

test('results that could not be noted are told with all that is not ok, and why', () => {
  const results = (['ok', 'not_applicable', 'warn', 'could_not_run'] as const).map(
    (status) => change(`is-${status}`, status, 'changed', undefined).state,
  );
  expect(unnotedMessage(results, new Error('no connection'))).toEqual({
    name: 'BackupChecksUnnoted',
    severity: 'critical',
    summary: 'The backup monitor cannot reach the database; 2 of 4 checks are not ok',
    detail: [
      'The results could not be noted: no connection',
      'Until they can, this is told in every run, also what was told before.',
      '',
      'is-warn: warn. Summary of is-warn. docs/runbook/backup-is-warn.md',
      'is-could_not_run: could_not_run. Summary of is-could_not_run. docs/runbook/backup-is-could_not_run.md',
    ].join('\n'),
    runbook: 'docs/runbook/backup-could-not-run.md',
    facts: { checks: [facts('is-warn', 'warn'), facts('is-could_not_run', 'could_not_run')] },
  });
});
