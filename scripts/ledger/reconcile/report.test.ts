import { describe, expect, test } from 'vitest';
import type { Discrepancy } from '#audit/reconciliation/discrepancy.ts';
import type { Preview } from '#audit/reconciliation/preview.ts';
import type { RunReport } from '#audit/reconciliation/reconcile.ts';
import { attempt } from './attempt.ts';
import { appliedOutcome, previewOutcome, runOutcome } from './report.ts';

const report: RunReport = {
  orgId: 'o',
  runId: 'r',
  kind: 'daily',
  finished: true,
  keysChecked: 2,
  movementsRead: 1,
  found: 0,
  corrected: 0,
  alerted: 0,
  lagSeconds: undefined,
  triggerFaults: [],
  discrepancies: [],
  clean: true,
};
const { discrepancies: _, ...figures } = report;
const differing: Discrepancy = {
  number: 1,
  item: 'i',
  location: 'l',
  lot: '',
  stored: { onHand: 51, reserved: 0, version: 1 },
  storedVersionText: '1',
  computed: { onHand: 1, reserved: 0, version: 1 },
  cause: 'direct_write',
  detail: { leftBecause: 'it is large' },
  action: 'alerted',
};
const ofSeal: Discrepancy = {
  ...differing,
  item: '',
  location: '',
  stored: undefined,
  cause: 'seal_altered',
  detail: { seal: 3, message: 'its hash is another' },
};
const label = () => ({ sku: 'BOLT', location: 'main', lot: null });
const words =
  'BOLT at main: stored: 51 on hand (1 movement), from movements: 1 on hand (1 movement), difference: on hand +50; cause: direct_write';
const left = `${words}; not corrected: it is large`;
const named = {
  sku: 'BOLT',
  location: 'main',
  lot: null,
  itemId: 'i',
  locationId: 'l',
  stored: differing.stored,
  computed: differing.computed,
};
const dryRun = [
  'To preview the correction of the balances that were left:',
  '  npm run reconcile:balances -- --org acme --apply r --dry-run',
];
const verify = [
  'To see which movements were altered, removed or inserted:',
  '  npm run verify:ledger -- --org acme',
];
const trigger = { trigger: 'apply_movements on inventory.movements', fault: 'disabled' } as const;
const triggerWords = [
  '  The trigger apply_movements on inventory.movements is disabled.',
  'Nothing is corrected or sealed until the triggers are repaired. To see how:',
  '  npm run validate:isolation',
];
const counted = 'acme: 2 balances against 1 movement';

describe('a run', () => {
  test('that finds everything correct says so, and what was sealed', () => {
    expect(runOutcome('acme', report, undefined, label)).toEqual({
      text: `${counted}, all correct`,
      json: { organization: 'acme', ...figures, sealed: null, discrepancies: [] },
      failed: false,
    });
    expect(runOutcome('acme', report, { text: 'sealed up to seal 3', isLeft: false }, label)).toMatchObject({
      text: `${counted}, all correct; sealed up to seal 3`,
      json: { sealed: 'sealed up to seal 3' },
      failed: false,
    });
  });

  test('that could not seal or anchor all has failed, and says what it has done', () => {
    const sealed = { text: 'sealed up to seal 3, not anchored yet (S3 does not answer)', isLeft: true };
    expect(runOutcome('acme', report, sealed, label)).toMatchObject({
      text: `${counted}, all correct; ${sealed.text}`,
      json: { sealed: sealed.text },
      failed: true,
    });
  });

  test('that leaves a balance names it, and the command for it', () => {
    const found = { ...report, found: 1, alerted: 1, clean: false, discrepancies: [differing] };
    expect(runOutcome('acme', found, undefined, label)).toEqual({
      text: [`${counted}, 1 wrong: 0 corrected, 1 left`, `  alerted: ${left}`, ...dryRun].join('\n'),
      json: {
        organization: 'acme',
        ...figures,
        found: 1,
        alerted: 1,
        clean: false,
        sealed: null,
        discrepancies: [
          { ...named, number: 1, cause: 'direct_write', detail: differing.detail, action: 'alerted' },
        ],
      },
      failed: true,
    });
  });

  test('that corrected everything has not failed', () => {
    const corrected = { ...differing, action: 'corrected', detail: {} } as const;
    const found = { ...report, found: 1, corrected: 1, discrepancies: [corrected] };
    expect(runOutcome('acme', found, undefined, label)).toMatchObject({
      text: [`${counted}, 1 wrong: 1 corrected, 0 left`, `  corrected: ${words}`].join('\n'),
      failed: false,
    });
  });

  test('that finds a seal altered leads to the verification, and has no balance for programs', () => {
    const found = { ...report, alerted: 1, discrepancies: [ofSeal] };
    const outcome = runOutcome('acme', found, undefined, label);
    expect(outcome).toMatchObject({
      text: [
        `${counted}, all balances correct`,
        '  alerted: seal 3: its hash is another; cause: seal_altered',
        ...verify,
      ].join('\n'),
      failed: true,
    });
    expect((outcome.json as { discrepancies: unknown[] }).discrepancies).toEqual([
      { number: 1, cause: 'seal_altered', detail: ofSeal.detail, action: 'alerted' },
    ]);
    const both = { ...found, found: 1, discrepancies: [differing, ofSeal] };
    expect(runOutcome('acme', both, undefined, label).text.split('\n').slice(-4)).toEqual([
      ...dryRun,
      ...verify,
    ]);
  });

  test('with a trigger that is not as it must be, and one that was stopped, has failed', () => {
    expect(runOutcome('acme', { ...report, triggerFaults: [trigger] }, undefined, label)).toMatchObject({
      text: [`${counted}, all balances correct`, ...triggerWords].join('\n'),
      failed: true,
    });
    expect(runOutcome('acme', { ...report, finished: false }, undefined, label)).toMatchObject({
      text: `${counted}, all correct\n  stopped early; run it again to continue`,
      failed: true,
    });
  });

  test.each([
    [20, []],
    [21, ['  and 1 more']],
    [25, ['  and 5 more']],
  ])('of %d differences twenty are shown, and programs get all', (count, more) => {
    const corrected = { ...differing, action: 'corrected', detail: {} } as const;
    const discrepancies = Array.from({ length: count }, () => corrected);
    const { text, json } = runOutcome('acme', { ...report, found: count, discrepancies }, undefined, label);
    expect(text.split('\n').slice(1)).toEqual([
      ...Array.from({ length: 20 }, () => `  corrected: ${words}`),
      ...more,
    ]);
    expect((json as { discrepancies: unknown[] }).discrepancies).toHaveLength(count);
  });
});

describe('a preview', () => {
  const preview: Preview = {
    keysChecked: 2,
    movementsRead: 1,
    found: 0,
    triggerFaults: [],
    differences: [],
    sealFindings: [],
  };
  const { action: __, ...found } = { ...differing, cause: 'direct_write' as const, detail: {} };

  test('of correct balances has not failed', () => {
    expect(previewOutcome('acme', preview, label)).toEqual({
      text: `${counted}, 0 wrong; nothing was written`,
      json: { organization: 'acme', ...preview },
      failed: false,
    });
  });

  test.each([
    [{ do: 'correct' }, `would be corrected: ${words}`],
    [
      { do: 'alert', because: 'beyond tolerance' },
      `would be left: ${words}; not corrected: beyond tolerance`,
    ],
    [{ do: 'nothing' }, `is correct now: ${words}`],
  ] as const)('says what would be done: %j', (decision, line) => {
    const { text, json, failed } = previewOutcome(
      'acme',
      { ...preview, found: 1, differences: [{ ...found, decision }] },
      label,
    );
    expect([text, failed]).toEqual([`${counted}, 1 wrong; nothing was written\n  ${line}`, true]);
    expect((json as { differences: unknown[] }).differences).toEqual([
      { ...named, number: 1, cause: 'direct_write', detail: {}, decision },
    ]);
  });

  test('finds seals and triggers too', () => {
    const seal = { cause: 'anchor_missing', detail: { message: 'the bucket refuses' } } as const;
    expect(previewOutcome('acme', { ...preview, sealFindings: [seal] }, label)).toMatchObject({
      text: [
        `${counted}, 0 wrong; nothing was written`,
        '  would be left: the bucket refuses',
        ...verify,
      ].join('\n'),
      failed: true,
    });
    expect(previewOutcome('acme', { ...preview, triggerFaults: [trigger] }, label)).toMatchObject({
      text: [`${counted}, 0 wrong; nothing was written`, ...triggerWords].join('\n'),
      failed: true,
    });
  });
});

describe('applying a run', () => {
  const discrepancy = { ...differing, detail: {} };

  test('that left nothing says so', () => {
    expect(appliedOutcome('acme', [], false, label)).toEqual({
      text: 'acme: this run left no balance to correct.',
      json: { organization: 'acme', dryRun: false, applied: [] },
      failed: false,
    });
  });

  test.each([
    ['applied', undefined, 'applied', false],
    ['pending', undefined, 'would be applied', false],
    ['gone', undefined, 'already correct', false],
    ['changed', undefined, 'the difference has changed, reconcile again', true],
    ['refused', 'the item is gone', 'refused, the item is gone', true],
  ] as const)('%s', (outcome, because, said, failed) => {
    const applied = { discrepancy, outcome, ...(because && { because }) };
    expect(appliedOutcome('acme', [applied], outcome === 'pending', label)).toEqual({
      text: `acme: 1 balance of the run${outcome === 'pending' ? '; nothing was written' : ''}\n  ${said}: ${words}`,
      json: {
        organization: 'acme',
        dryRun: outcome === 'pending',
        applied: [
          {
            outcome,
            ...(because && { because }),
            ...named,
            number: 1,
            cause: 'direct_write',
            detail: {},
            action: 'alerted',
          },
        ],
      },
      failed,
    });
  });
});

test('the failure of one of several organizations is reported; of a single one it is the command’s', async () => {
  const acme = { id: 'o', slug: 'acme' };
  const failing = async () => {
    throw new Error('no');
  };
  expect(await attempt(acme, false, failing)).toEqual({
    text: 'acme: failed, no',
    json: { organization: 'acme', error: 'no' },
    failed: true,
  });
  await expect(attempt(acme, true, failing)).rejects.toThrow('no');
  const outcome = { text: 't', json: 1, failed: false };
  expect(await attempt(acme, true, async () => outcome)).toBe(outcome);
});
