import { describe, expect, test } from 'vitest';
import type { RestoreReport } from '#portability/restore-org/restore-org.ts';
import type { DrillRecord } from '#recovery/drill/records.ts';
import type { ProofOutcome } from '#recovery/proofs/proof.ts';
import { drillText, outcomeText } from './drill-report.ts';
import { copyText } from './organization-copy.ts';
import { restoreText } from './restore-org-report.ts';
import { returnPointText } from './return-point.ts';

const asOf = '2026-03-01T09:30:00.000Z';
const passed: ProofOutcome = {
  proof: 'balances',
  verdict: 'passed',
  faults: [],
  faultCount: 0,
  figures: { organizations: 2, balances: 10.04 },
  durationMs: 1_250,
};

describe('a proof', () => {
  test('is one line: verdict, name, duration and what was compared', () => {
    expect(outcomeText(passed)).toBe('passed         balances         1.3 s  2 organizations, 10 balances');
    expect(outcomeText({ ...passed, figures: { seconds: 0.25 }, durationMs: 123_456 })).toBe(
      'passed         balances       123.5 s  0.3 s lost',
    );
  });

  test('that failed has its faults below, and how many more there are', () => {
    const failed = { ...passed, verdict: 'could not run', figures: {}, faults: ['one', 'two'] } as const;
    const head = 'could not run  balances         1.3 s  ';
    expect(outcomeText({ ...failed, faultCount: 2 })).toBe([head, '    one', '    two'].join('\n'));
    expect(outcomeText({ ...failed, faultCount: 5 })).toBe(
      [head, '    one', '    two', '    … and 3 more'].join('\n'),
    );
  });
});

describe('a drill', () => {
  const loss = (figures: Record<string, number>, more: Partial<ProofOutcome> = {}): ProofOutcome => ({
    ...passed,
    proof: 'loss',
    figures,
    ...more,
  });
  const drill = (outcomes: readonly ProofOutcome[] | undefined, more: Partial<DrillRecord> = {}) =>
    ({
      id: 'd-1',
      request: {
        kind: 'snapshot',
        source: 'stockade',
        snapshot: 'rds:s-1',
        asOf,
        instance: 'stockade-drill-1',
        keep: false,
      },
      requestedAt: new Date(asOf),
      availableAfterMs: 90_000,
      queryableAfterMs: 95_000,
      provenAfterMs: 3_900_000,
      verdict: {
        passed: true,
        summary: 'All was proven.',
        ...(outcomes && { proofs: { ok: true, outcomes } }),
      },
      verdictAt: new Date(asOf),
      tornDownAt: new Date(asOf),
      ...more,
    }) as DrillRecord;
  const times = 'available after 1 min 30 s, queryable after 1 min 35 s, proven after 1 h 5 min; torn down.';

  test('that passed reports the data loss and the times', () => {
    expect(drillText(drill([passed, loss({ entries: 0, movements: 0, seconds: 0 })]))).toBe(
      [
        `Drill d-1: rds:s-1 as of ${asOf} is proven.`,
        'All was proven.',
        'No data loss: every entry recorded before the request is in the copy.',
        times,
      ].join('\n'),
    );
    expect(drillText(drill([loss({ entries: 2, movements: 5, seconds: 61 })])).split('\n')[2]).toBe(
      'Data loss: 5 movements of 2 entries, the first 1 min 1 s before the request.',
    );
  });

  test.each([
    [[passed], 'The data loss is not known: it was not measured.'],
    [[loss({}, { verdict: 'could not run', faults: ['no', 'other'] })], 'The data loss is not known: no.'],
    [
      [loss({ entries: 1 }, { verdict: 'failed', faults: [] })],
      'The data loss is not known: it was not measured.',
    ],
  ] as const)('whose loss is not known says why', (outcomes, line) => {
    expect(drillText(drill(outcomes)).split('\n')[2]).toBe(line);
  });

  test('that has not ended, and one that did not reach the proofs', () => {
    const open = drill(undefined, {
      request: { kind: 'point-in-time', source: 'stockade', asOf, instance: 'stockade-drill-1', keep: false },
      verdict: undefined,
      queryableAfterMs: undefined,
      provenAfterMs: undefined,
      tornDownAt: undefined,
    });
    expect(drillText(open)).toBe(
      [
        `Drill d-1: stockade as of ${asOf} is not proven.`,
        'There is no verdict yet.',
        'available after 1 min 30 s, queryable after —, proven after —; stockade-drill-1 is still there.',
      ].join('\n'),
    );
    const failed = drill(undefined, { verdict: { passed: false, summary: 'It took too long.' } });
    expect(drillText(failed).split('\n').slice(0, 2)).toEqual([
      `Drill d-1: rds:s-1 as of ${asOf} is not proven.`,
      'It took too long.',
    ]);
  });
});

describe('the restoration of one organization', () => {
  const same = { table: 'items', past: 2, present: 2, lost: 0, since: 0, changed: 0 };
  const report: RestoreReport = {
    organization: { id: 'o', slug: 'acme' },
    mode: 'as_it_was',
    copiedAt: asOf,
    copiedAtBy: 'heartbeat',
    differences: [same],
  };
  const restored = {
    rows: 3,
    receipt: 'x',
    before: undefined,
    keysRevoked: 0,
    balancesRecomputed: 0,
    others: { organizations: 3, unchanged: 2, changedByThemselves: 1 },
  };
  const head = `acme (o), copy as of ${asOf}:`;
  const isSame = '  no differences between the copy and production';
  const others =
    'Other organizations: 3, none touched: 2 have the same digest as before, 1 changed by their own work.';
  const suspended = 'It is suspended. Check it, then run: npm run org:resume -- --org acme';
  const told = (more: Partial<RestoreReport>, dryRun = false) =>
    restoreText({ ...report, ...more }, dryRun).split('\n');

  test('in a dry run reports the differences, and that nothing was changed', () => {
    expect(told({}, true)).toEqual([head, isSame, 'Nothing was changed.']);
    const lines = (['lost', 'since', 'changed'] as const).map((what) =>
      told({ differences: [same, { ...same, table: 'x', [what]: 7 }] }, true),
    );
    expect(lines.map((each) => each[1])).toEqual([
      '  x: 2 rows then, 2 now; 7 lost, 0 new, 0 changed',
      '  x: 2 rows then, 2 now; 0 lost, 7 new, 0 changed',
      '  x: 2 rows then, 2 now; 0 lost, 0 new, 7 changed',
    ]);
    expect(lines.map((each) => each.length)).toEqual([3, 3, 3]);
  });

  test('says so when the time of the copy is not known exactly', () => {
    const [first] = told({ copiedAtBy: 'movements' as never }, true);
    expect(first).toBe(`acme (o), copy as of ${asOf} or later:`);
  });

  test('that would be refused says why, and what is skipped', () => {
    const obstacle = { message: 'it is not suspended', remedy: 'Suspend it.' };
    const leftOut = [
      { table: 'items', columns: ['sku'], values: ['BOLT', 1], lost: 'a', there: 'b' },
    ] as never;
    expect(told({ obstacle, leftOut, restored }, true)).toEqual([
      head,
      isSame,
      '  items: BOLT, 1 is b today; the old one, a, is skipped (nothing refers to it)',
      'It would be refused: it is not suspended.',
      'Suspend it.',
    ]);
  });

  test('that had nothing to do changed nothing', () => {
    expect(told({})).toEqual([head, isSame, 'There was nothing to restore. Nothing was changed.']);
  });

  test('that was done reports the result, the other organizations, and the next step', () => {
    expect(told({ restored })).toEqual([
      head,
      isSame,
      'The organization is restored as of that time.',
      others,
      suspended,
    ]);
    const all = { ...restored, balancesRecomputed: 1, keysRevoked: 1, before: '/kept' };
    expect(told({ mode: 'merge', restored: all })).toEqual([
      head,
      isSame,
      'The lost rows are restored.',
      others,
      'Balances recomputed from their movements: 1.',
      'API keys restored as revoked, because they may have been revoked since: 1. Create new ones.',
      'The data from before the restore: /kept',
      suspended,
    ]);
  });
});

test('the copy that was used costs until it is deleted', () => {
  const copy = { name: 'restored-acme', asOf, url: 'postgres://m:p@h/d', discard: ['aws one', 'aws two'] };
  expect(copyText(copy as never).split('\n')).toEqual([
    '',
    `The copy restored-acme of ${asOf} is still running and costs money. Its URL, with a password that is shown once: postgres://m:p@h/d`,
    'The same command continues with this copy. To use it without new proofs, pass --from with that URL instead of --at.',
    'To delete it:',
    'aws one',
    'aws two',
  ]);
});

test('the return point comes with its command, and with the time until which it can be used', () => {
  const until = new Date('2026-03-08T09:30:00Z');
  const point = { migration: '000042_drop.sql', source: 'stockade', at: new Date(asOf), until };
  expect(returnPointText(point as never)).toBe(
    [
      'Only a backup can undo 000042_drop.sql. The point in time to return to (the evidence bucket records it):',
      `  npm run restore -- --at ${asOf} --to NAME`,
      'You can restore stockade to that time as soon as its log is shipped, in some minutes, until 2026-03-08T09:30:00.000Z.',
    ].join('\n'),
  );
});
