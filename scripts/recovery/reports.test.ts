import { describe, expect, test } from 'vitest';
import type { RestoreReport } from '#portability/restore-org/restore-org.ts';
import type { DrillRecord } from '#recovery/drill/records.ts';
import type { ProofOutcome } from '#recovery/proofs/proof.ts';
import { drillText, outcomeText } from './drill-report.ts';
import { returnPointText } from './interlocked.ts';
import { copyText } from './organization-copy.ts';
import { restoreText } from './restore-org-report.ts';

const asOf = '2026-03-01T09:30:00.000Z';
const passed: ProofOutcome = {
  proof: 'balances',
  verdict: 'passed',
  faults: [],
  faultCount: 0,
  figures: { organizations: 2, keysChecked: 10.04 },
  durationMs: 1_250,
};

describe('a proof', () => {
  test('is one line: how it went, which, how long, and what was looked at', () => {
    expect(outcomeText(passed)).toBe(
      'passed         balances         1.3 s  2 organizations, 10 keys checked',
    );
    expect(outcomeText({ ...passed, figures: { seconds: 0.25 }, durationMs: 123_456 })).toBe(
      'passed         balances       123.5 s  0.3 seconds',
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

  test('that passed says what would have been lost, and how long it took', () => {
    expect(drillText(drill([passed, loss({ entries: 0, movements: 0, seconds: 0 })]))).toBe(
      [
        `Drill d-1: rds:s-1 as of ${asOf} is proven.`,
        'All was proven.',
        'Nothing that was recorded before the request would have been lost.',
        times,
      ].join('\n'),
    );
    expect(drillText(drill([loss({ entries: 2, movements: 5, seconds: 61 })])).split('\n')[2]).toBe(
      'Lost: 5 movements of 2 entries, the first of them 1 min 1 s before the request.',
    );
  });

  test.each([
    [[passed], 'What was lost is not known: nobody has asked.'],
    [[loss({}, { verdict: 'could not run', faults: ['no', 'other'] })], 'What was lost is not known: no.'],
    [
      [loss({ entries: 1 }, { verdict: 'failed', faults: [] })],
      'What was lost is not known: nobody has asked.',
    ],
  ] as const)('whose loss is not known says why', (outcomes, line) => {
    expect(drillText(drill(outcomes)).split('\n')[2]).toBe(line);
  });

  test('that is not over, and one that did not come to the proofs', () => {
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
  const head = `acme (o), in the copy as of ${asOf}:`;
  const isSame = '  the copy and production are the same';
  const others =
    'Other organizations: 3, of which 2 are unchanged to the letter and 1 have worked meanwhile; none was touched.';
  const suspended = 'It is suspended: look at it, and then npm run org:resume -- --org acme';
  const told = (more: Partial<RestoreReport>, dryRun = false) =>
    restoreText({ ...report, ...more }, dryRun).split('\n');

  test('in a dry run tells what differs, and that nothing was changed', () => {
    expect(told({}, true)).toEqual([head, isSame, 'Nothing was changed.']);
    const lines = (['lost', 'since', 'changed'] as const).map((what) =>
      told({ differences: [same, { ...same, table: 'x', [what]: 7 }] }, true),
    );
    expect(lines.map((each) => each[1])).toEqual([
      '  x: 2 rows then, 2 now; 7 lost, 0 made since, 0 changed',
      '  x: 2 rows then, 2 now; 0 lost, 7 made since, 0 changed',
      '  x: 2 rows then, 2 now; 0 lost, 0 made since, 7 changed',
    ]);
    expect(lines.map((each) => each.length)).toEqual([3, 3, 3]);
  });

  test('says when nobody knows exactly of when the copy is', () => {
    const [first] = told({ copiedAtBy: 'movements' as never }, true);
    expect(first).toBe(`acme (o), in the copy as of ${asOf} or later:`);
  });

  test('that would be refused says why, and what is left out', () => {
    const obstacle = { message: 'it is not suspended', remedy: 'Suspend it.' };
    const leftOut = [
      { table: 'items', columns: ['sku'], values: ['BOLT', 1], lost: 'a', there: 'b' },
    ] as never;
    expect(told({ obstacle, leftOut, restored }, true)).toEqual([
      head,
      isSame,
      '  items: BOLT, 1 is b today; the a of then, to which nothing refers, is left out',
      'It would be refused: it is not suspended.',
      'Suspend it.',
    ]);
  });

  test('that had nothing to do changed nothing', () => {
    expect(told({})).toEqual([head, isSame, 'There was nothing to bring back; nothing was changed.']);
  });

  test('that was done says what, of others too, and what is next', () => {
    expect(told({ restored })).toEqual([head, isSame, 'It is as it was then.', others, suspended]);
    const all = { ...restored, balancesRecomputed: 1, keysRevoked: 1, before: '/kept' };
    expect(told({ mode: 'merge', restored: all })).toEqual([
      head,
      isSame,
      'What was lost is there again.',
      others,
      'Balances made what their movements add up to: 1.',
      'API keys that came back revoked, since nobody knows whether they had been: 1. Make new ones.',
      'What there was before: /kept',
      suspended,
    ]);
  });
});

test('the copy that was used costs until it is deleted', () => {
  const copy = { name: 'restored-acme', asOf, url: 'postgres://m:p@h/d', discard: ['aws one', 'aws two'] };
  expect(copyText(copy as never).split('\n')).toEqual([
    '',
    `The copy restored-acme of ${asOf} is still there, and costs. Its master, with a password that is shown once: postgres://m:p@h/d`,
    'The same command goes on with it. To use it without proving it again, pass --from with that URL in the place of --at.',
    'To delete it:',
    'aws one',
    'aws two',
  ]);
});

test('the time to return to is told with the command, and until when that is possible', () => {
  const until = new Date('2026-03-08T09:30:00Z');
  const point = { migration: '000042_drop.sql', source: 'stockade', at: new Date(asOf), until };
  expect(returnPointText(point as never)).toBe(
    [
      '000042_drop.sql can be undone by a backup alone. The time to return to, which the evidence bucket keeps:',
      `  npm run restore -- --at ${asOf} --to NAME`,
      'stockade can be restored to it from some minutes on, when its log is shipped, until 2026-03-08T09:30:00.000Z.',
    ].join('\n'),
  );
});
