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

test('without a change there is no message', () => {
  expect(messagesOf([], now)).toEqual([]);
});

test('each failing check has its own message, with since when it fails and its runbook page', () => {
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
        'Expected: Title of retention.',
        'Failing since 2026-03-01 11:55 UTC (5 min ago).',
        'Run the checks again: npm run monitor:backups',
      ].join('\n'),
      runbook: 'docs/runbook/backup-retention.md',
      facts: { occasion: 'changed', ...facts('retention', 'fail'), since: ago(5 * minuteMs) },
    },
    {
      name: 'BackupCheck',
      severity: 'warning',
      summary: 'Still: backup check encryption: warn',
      detail: expect.stringContaining('Warning since 2026-03-01 11:59 UTC (just now).'),
      runbook: 'docs/runbook/backup-encryption.md',
      facts: { occasion: 'reminder', ...facts('encryption', 'warn'), since: ago(minuteMs - 1) },
    },
  ]);
});

test('a status of exactly a minute ago is not reported as just now', () => {
  const [message] = messagesOf([change('a', 'fail', 'changed', 'critical', { since: ago(minuteMs) })], now);
  expect(message?.detail).toContain('Failing since 2026-03-01 11:59 UTC (1 min ago).');
});

test('all checks that could not run share one message, with the worst severity', () => {
  const blind = (check: string, occasion: Occasion, severity: AlertSeverity) =>
    change(check, 'could_not_run', occasion, severity, { reason: 'throttled' });
  expect(messagesOf([blind('a', 'changed', 'warning'), blind('b', 'reminder', 'critical')], now)).toEqual([
    {
      name: 'BackupChecksBlind',
      severity: 'critical',
      summary: '2 backup checks could not run',
      detail: [
        'The results of these checks are unknown:',
        '',
        'a: Title of a.',
        '  Summary of a.',
        '  Unknown since 2026-03-01 11:55 UTC (5 min ago). docs/runbook/backup-a.md',
        'b: Title of b.',
        '  Summary of b.',
        '  Unknown since 2026-03-01 11:55 UTC (5 min ago). docs/runbook/backup-b.md',
        '',
        'Run the checks again: npm run monitor:backups',
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

test('all checks that are well again share one message, with the last alert of each', () => {
  const well = change('retention', 'ok', 'resolved', undefined, {
    alerted: { status: 'fail', severity: 'critical', at: ago(90 * minuteMs) },
  });
  const unreported = change('encryption', 'ok', 'resolved', undefined);
  expect(messagesOf([well, unreported], now)).toEqual([
    {
      name: 'BackupChecksResolved',
      severity: 'info',
      summary: 'Resolved: retention, encryption',
      detail:
        'retention: Summary of retention. Reported as fail 1 h 30 min ago.\nencryption: Summary of encryption.',
      runbook: 'docs/runbook/backup-could-not-run.md',
      facts: { checks: [facts('retention', 'ok'), facts('encryption', 'ok')] },
    },
  ]);
});

test('failing checks come first, then those that could not run, then those that are well', () => {
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

test('results that could not be recorded are reported with the reason and every check that is not ok', () => {
  const results = (['ok', 'not_applicable', 'warn', 'could_not_run'] as const).map(
    (status) => change(`is-${status}`, status, 'changed', undefined).state,
  );
  expect(unnotedMessage(results, new Error('no connection'))).toEqual({
    name: 'BackupChecksUnnoted',
    severity: 'critical',
    summary: 'The backup monitor cannot reach the database; checks not ok: 2 of 4',
    detail: [
      'The monitor could not record its results: no connection',
      'Until it can, every run sends this alert, including failures that were reported before.',
      '',
      'is-warn: warn. Summary of is-warn. docs/runbook/backup-is-warn.md',
      'is-could_not_run: could_not_run. Summary of is-could_not_run. docs/runbook/backup-is-could_not_run.md',
    ].join('\n'),
    runbook: 'docs/runbook/backup-could-not-run.md',
    facts: { checks: [facts('is-warn', 'warn'), facts('is-could_not_run', 'could_not_run')] },
  });
});
