import { describe, expect, test } from 'vitest';
import type { BalanceKey } from '../discrepancy.ts';
import { causes, type Discrepancy } from '../discrepancy.ts';
import type { RunReport } from '../reconcile.ts';
import {
  anchorAlert,
  discrepancyAlert,
  discrepancyText,
  failureAlert,
  isApplicable,
  triggerAlert,
} from './alert.ts';

const label = ({ item, location, lot }: BalanceKey) => ({
  sku: item.toUpperCase(),
  location: location.toUpperCase(),
  lot: lot || null,
});
const acme = { slug: 'acme', id: 'org-1' };

function left(more: Partial<Discrepancy> = {}): Discrepancy {
  return {
    number: 1,
    ...{ item: 'a', location: 'main', lot: '' },
    stored: { onHand: 12, reserved: 0, version: 3 },
    computed: { onHand: 11, reserved: 0, version: 3 },
    cause: 'direct_write',
    detail: { leftBecause: 'beyond tolerance' },
    action: 'alerted',
    ...more,
  };
}
const ofSeals = (detail: Discrepancy['detail'], cause: Discrepancy['cause'] = 'seal_altered') =>
  left({ item: '', location: '', lot: '', stored: undefined, cause, detail });
const unread = ofSeals({ couldNotRun: true, message: 'the seals could not be compared: denied' }, 'unknown');

function report(...discrepancies: readonly Discrepancy[]): RunReport {
  return {
    ...{ orgId: 'org-1', runId: 'run-1', kind: 'daily', finished: true, keysChecked: 40, movementsRead: 900 },
    ...{ found: 3, corrected: 1, alerted: 2, lagSeconds: 0, triggerFaults: [], clean: false },
    discrepancies,
  };
}

test('an alert about a balance shows the difference, the cause and the commands', () => {
  const corrected = left({ number: 2, action: 'corrected' });
  const apply = 'npm run reconcile:balances -- --org acme --apply run-1';
  expect(discrepancyAlert(acme, report(left(), corrected), label)).toEqual({
    name: 'BalanceDiscrepancy',
    severity: 'critical',
    summary: 'acme: 1 balance differs from its movements',
    detail: [
      'In acme (org-1) 1 balance differs from its movements. Nothing was changed.',
      'Run run-1 (daily) compared 40 balances with 900 movements: 3 differences, 1 correction.',
      '',
      '  A at MAIN: stored: 12 on hand (3 movements), from movements: 11 on hand (3 movements), difference: on hand +1; cause: direct_write; not corrected: beyond tolerance',
      '',
      'To preview the corrections:',
      `  ${apply} --dry-run`,
      'To correct these balances from their movements:',
      `  ${apply}`,
    ].join('\n'),
    runbook: 'docs/runbook/balance-discrepancy.md',
    facts: {
      ...{ organizationId: 'org-1', organization: 'acme', runId: 'run-1', kind: 'daily' },
      ...{ keysChecked: 40, movementsRead: 900, found: 3, corrected: 1, alerted: 2, triggerFaults: [] },
      discrepancies: [
        {
          ...{ sku: 'A', location: 'MAIN', lot: null },
          stored: { onHand: 12, reserved: 0, version: 3 },
          computed: { onHand: 11, reserved: 0, version: 3 },
          cause: 'direct_write',
          detail: { leftBecause: 'beyond tolerance' },
        },
      ],
      preview: `${apply} --dry-run`,
      apply,
    },
  });
});

test('a changed seal is not a balance, and has its own command', () => {
  const found = report(ofSeals({ seal: 7, message: 'its hash does not match its fields' }));
  const alert = discrepancyAlert(
    acme,
    { ...found, triggerFaults: [{ trigger: 't', fault: 'missing' }] },
    label,
  );
  expect(alert).toMatchObject({
    severity: 'critical',
    summary: 'acme: seals have changed since they were created',
    facts: {
      verify: 'npm run verify:ledger -- --org acme',
      discrepancies: [{ stored: null, cause: 'seal_altered' }],
    },
  });
  expect(alert.facts).not.toHaveProperty('apply');
  expect(alert.detail.split('\n').slice(2)).toEqual([
    'The trigger t is missing.',
    '',
    '  seal 7: its hash does not match its fields; cause: seal_altered',
    '',
    'To see what was altered, deleted or inserted:',
    '  npm run verify:ledger -- --org acme',
  ]);
});

test('unreadable anchors are a warning, unless something else is wrong', () => {
  expect(discrepancyAlert(acme, report(unread), label)).toMatchObject({
    severity: 'warning',
    summary: 'acme: the seals could not be compared with their anchors',
    detail: expect.stringContaining('\n  the seals could not be compared: denied\n'),
  });
  const all = report(left(), left(), ofSeals({ seal: 1, message: 'm' }), unread);
  expect(discrepancyAlert(acme, all, label)).toMatchObject({
    severity: 'critical',
    summary:
      'acme: 2 balances differ from their movements, seals have changed since they were created, and the seals could not be compared with their anchors',
  });
});

test('the alert asks people to check the movements first when the cause of a balance is unknown, and only then', () => {
  const hint = 'Where the cause is unknown, check the movements first';
  const detailOf = (...found: readonly Discrepancy[]) =>
    discrepancyAlert(acme, report(...found), label).detail;
  expect(detailOf(left({ cause: 'unknown' }))).toContain(hint);
  expect(detailOf(left(), unread)).not.toContain(hint);
});

test.each([
  [20, undefined],
  [21, '  and 1 more'],
  [23, '  and 3 more'],
])('of %d discrepancies the text shows twenty, and the facts all', (count, more) => {
  const alert = discrepancyAlert(acme, report(...Array.from({ length: count }, () => left())), label);
  const lines = alert.detail.split('\n');
  expect(lines.filter((line) => line.startsWith('  A at MAIN'))).toHaveLength(20);
  expect(lines.find((line) => line.startsWith('  and '))).toBe(more);
  expect(alert.facts?.discrepancies).toHaveLength(count);
});

describe('a discrepancy in one line', () => {
  test.each<[what: string, found: Partial<Discrepancy>, line: string]>([
    [
      'shows every figure and the lot',
      {
        lot: 'L1',
        stored: { onHand: 1.5, reserved: 2, version: 4 },
        computed: { onHand: 2, reserved: 0, version: 6 },
        detail: {},
        cause: undefined,
      },
      'A at MAIN, lot L1: stored: 1.5 on hand, 2 reserved (4 movements), from movements: 2 on hand (6 movements), difference: on hand -0.5, reserved +2, movements -2; cause: unknown',
    ],
    [
      'shows a missing row, and the first movement that is missing',
      { stored: undefined, detail: { firstDivergent: { movementId: 'm1', recordedAt: 'today' } } },
      'A at MAIN: stored: no row, from movements: 11 on hand (3 movements), difference: on hand -11, movements -3; cause: direct_write, first missing movement m1 of today',
    ],
  ])('%s', (_, found, line) => {
    expect(discrepancyText(left(found), label)).toBe(line);
  });
});

test('a person can correct a balance, unless its movements were changed', () => {
  expect(causes.filter((cause) => isApplicable(left({ cause })))).toEqual([
    ...['direct_write', 'trigger_disabled', 'partial_backfill', 'restored_to_older_point', 'unknown'],
  ]);
  expect(isApplicable(left({ cause: undefined }))).toBe(true);
  expect(isApplicable(unread)).toBe(false);
});

test('all triggers are in one alert, one line for each', () => {
  const faults = ['a', 'b'].map((trigger) => ({ trigger, fault: 'disabled' }) as const);
  expect(triggerAlert(faults)).toEqual({
    name: 'LedgerTriggerUnhealthy',
    severity: 'critical',
    summary: '2 triggers of the ledger are not in order',
    detail: [
      'Until they are restored, movements may not reach their balances, no balance is corrected, and nothing is sealed.',
      '',
      '  The trigger a is disabled.',
      '  The trigger b is disabled.',
      '',
      'To see how to restore them:',
      '  npm run validate:isolation',
    ].join('\n'),
    runbook: 'docs/runbook/balance-discrepancy.md',
    facts: { triggerFaults: faults },
  });
  expect(triggerAlert(faults.slice(1)).summary).toBe('1 trigger of the ledger is not in order');
});

test.each([
  [
    anchorAlert,
    'SealsNotAnchored',
    (count: string) => `Seals of ${count} could not be anchored`,
    ['  npm run verify:ledger -- --org o1', '  npm run seal -- --org o1'],
  ],
  [
    failureAlert,
    'ReconciliationFailed',
    (count: string) => `The reconciliation of ${count} failed`,
    ['  npm run reconcile:balances -- --org o1'],
  ],
] as const)(
  '%s: at most twenty organizations are shown, and the commands for the first',
  (alertOf, name, said, end) => {
    const failures = Array.from({ length: 21 }, (_, at) => ({ slug: `o${at + 1}`, error: `e${at + 1}` }));
    const alert = alertOf(failures);
    expect(alert).toMatchObject({
      name,
      severity: 'warning',
      summary: said('21 organizations'),
      facts: { failures },
    });
    const lines = alert.detail.split('\n');
    expect(lines.filter((line) => /^ {2}o\d+: e\d+$/.test(line))).toHaveLength(20);
    expect(lines.slice(-end.length)).toEqual(end);
    expect(alertOf(failures.slice(0, 1)).summary).toBe(said('1 organization'));
  },
);
