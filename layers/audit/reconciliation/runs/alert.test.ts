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
const unread = ofSeals({ couldNotRun: true, message: 'the seals could not be held: denied' }, 'unknown');

function report(...discrepancies: readonly Discrepancy[]): RunReport {
  return {
    ...{ orgId: 'org-1', runId: 'run-1', kind: 'daily', finished: true, keysChecked: 40, movementsRead: 900 },
    ...{ found: 3, corrected: 1, alerted: 2, lagSeconds: 0, triggerFaults: [], clean: false },
    discrepancies,
  };
}

test('an alert about a balance says what differs, why, and what to type', () => {
  const corrected = left({ number: 2, action: 'corrected' });
  const apply = 'npm run reconcile:balances -- --org acme --apply run-1';
  expect(discrepancyAlert(acme, report(left(), corrected), label)).toEqual({
    name: 'BalanceDiscrepancy',
    severity: 'critical',
    summary: 'acme: 1 balance differs from the movements',
    detail: [
      'In acme (org-1) 1 balance differs from the movements. Nothing was changed about that.',
      'Run run-1 (daily) compared 40 keys and 900 movements; 3 differed, 1 corrected.',
      '',
      '  A at MAIN: 12 on hand after 3 movements stored, 11 on hand after 3 movements by its movements (on hand +1); cause direct_write; left, beyond tolerance',
      '',
      'To see what would be done about it:',
      `  ${apply} --dry-run`,
      'To make these balances what their movements say:',
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

test('seals that are not what they were are no balance, and are looked at in another way', () => {
  const found = report(ofSeals({ seal: 7, message: 'its hash is not that of its fields' }));
  const alert = discrepancyAlert(
    acme,
    { ...found, triggerFaults: [{ trigger: 't', fault: 'missing' }] },
    label,
  );
  expect(alert).toMatchObject({
    severity: 'critical',
    summary: 'acme: the seals are not what they were',
    facts: {
      verify: 'npm run verify:ledger -- --org acme',
      discrepancies: [{ stored: null, cause: 'seal_altered' }],
    },
  });
  expect(alert.facts).not.toHaveProperty('apply');
  expect(alert.detail.split('\n').slice(2)).toEqual([
    'The trigger t is missing.',
    '',
    '  seal 7: its hash is not that of its fields; cause seal_altered',
    '',
    'To see what was altered, is missing or was inserted:',
    '  npm run verify:ledger -- --org acme',
  ]);
});

test('that nobody could look at the seals is a warning, unless something else is wrong', () => {
  expect(discrepancyAlert(acme, report(unread), label)).toMatchObject({
    severity: 'warning',
    summary: 'acme: the seals could not be held against their anchors',
    detail: expect.stringContaining('\n  the seals could not be held: denied\n'),
  });
  const all = report(left(), left(), ofSeals({ seal: 1, message: 'm' }), unread);
  expect(discrepancyAlert(acme, all, label)).toMatchObject({
    severity: 'critical',
    summary:
      'acme: 2 balances differ from the movements, and the seals are not what they were, and the seals could not be held against their anchors',
  });
});

test('people look at the movements first where the cause of a balance is unknown, and only there', () => {
  const hint = 'Where the cause is unknown, look at the movements first';
  const detailOf = (...found: readonly Discrepancy[]) =>
    discrepancyAlert(acme, report(...found), label).detail;
  expect(detailOf(left({ cause: 'unknown' }))).toContain(hint);
  expect(detailOf(left(), unread)).not.toContain(hint);
});

test.each([
  [20, undefined],
  [21, '  and 1 more'],
  [23, '  and 3 more'],
])('of %d differences the text shows twenty, and the facts all', (count, more) => {
  const alert = discrepancyAlert(acme, report(...Array.from({ length: count }, () => left())), label);
  const lines = alert.detail.split('\n');
  expect(lines.filter((line) => line.startsWith('  A at MAIN'))).toHaveLength(20);
  expect(lines.find((line) => line.startsWith('  and '))).toBe(more);
  expect(alert.facts?.discrepancies).toHaveLength(count);
});

describe('a difference in a line', () => {
  test.each<[what: string, found: Partial<Discrepancy>, line: string]>([
    [
      'with every figure, and a lot',
      {
        lot: 'L1',
        stored: { onHand: 1.5, reserved: 2, version: 4 },
        computed: { onHand: 2, reserved: 0, version: 6 },
        detail: {},
        cause: undefined,
      },
      'A at MAIN, lot L1: 1.5 on hand, 2 reserved after 4 movements stored, 2 on hand after 6 movements by its movements (on hand -0.5, reserved +2, movements -2); cause unknown',
    ],
    [
      'without a row, and with the movement that it begins with',
      { stored: undefined, detail: { firstDivergent: { movementId: 'm1', recordedAt: 'today' } } },
      'A at MAIN: no row stored, 11 on hand after 3 movements by its movements (on hand -11, movements -3); cause direct_write, first m1 of today',
    ],
  ])('%s', (_, found, line) => {
    expect(discrepancyText(left(found), label)).toBe(line);
  });
});

test('what is put right by a person is a balance, and none whose movements were changed', () => {
  expect(causes.filter((cause) => isApplicable(left({ cause })))).toEqual([
    ...['direct_write', 'trigger_disabled', 'partial_backfill', 'restored_to_older_point', 'unknown'],
  ]);
  expect(isApplicable(left({ cause: undefined }))).toBe(true);
  expect(isApplicable(unread)).toBe(false);
});

test('triggers are told in one alert, each in a line', () => {
  const faults = ['a', 'b'].map((trigger) => ({ trigger, fault: 'disabled' }) as const);
  expect(triggerAlert(faults)).toEqual({
    name: 'LedgerTriggerUnhealthy',
    severity: 'critical',
    summary: '2 triggers of the ledger: not as they must be',
    detail: [
      'Until they are put right, movements may not reach their balances, and no balance is corrected and nothing sealed.',
      '',
      '  The trigger a is disabled.',
      '  The trigger b is disabled.',
      '',
      'To see what they are and how to put them right:',
      '  npm run validate:isolation',
    ].join('\n'),
    runbook: 'docs/runbook/balance-discrepancy.md',
    facts: { triggerFaults: faults },
  });
  expect(triggerAlert(faults.slice(1)).summary).toBe('A trigger of the ledger: not as they must be');
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
  '%s: at most twenty organizations are shown, and how to go on with the first',
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
