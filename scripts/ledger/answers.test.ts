import { describe, expect, test } from 'vitest';
import type { Seal } from '#audit/seals/seal.ts';
import type { SealResult } from '#audit/seals/seal-organization.ts';
import { sealedAnswer, tidiedAnswer, type VerifiedOrganization, verifiedAnswer } from './answers.ts';

test('deleted and closed rows are counted, and those that a dry run would delete and close', () => {
  const tidied = { organizations: 2, idempotencyKeys: 30, securityEvents: 4, reservations: 1, left: 1 };
  const deleted = '30 idempotency keys and 4 security events';
  expect(tidiedAnswer(tidied, false)).toEqual({
    json: { ...tidied, dryRun: false },
    text: `Deleted ${deleted}, and closed 1 reservation of 2 organizations.`,
  });
  expect(tidiedAnswer(tidied, true)).toEqual({
    json: { ...tidied, dryRun: true },
    text: `Would delete ${deleted}, and close 1 reservation of 2 organizations.`,
  });
});

describe('a seal', () => {
  const seal = (seq: number) => ({ seq, movements: seq * 10, hash: `hash${seq}` }) as Seal;
  const failure = { code: 'unavailable', message: 'S3 does not answer' } as const;

  test.each<[string, SealResult, boolean, string[]]>([
    [
      'two seals',
      { seals: [seal(1), seal(2)], anchoring: { anchored: 2 } },
      false,
      ['Seal 1 covers 10 movements: hash1', 'Seal 2 covers 20 movements: hash2', 'Anchored 2 seals.'],
    ],
    [
      'nothing new',
      { seals: [], reason: 'nothing-new', anchoring: { anchored: 0 } },
      false,
      ['No movements of acme since its last seal.', 'Anchored 0 seals.'],
    ],
    [
      'writers that never pause',
      { seals: [], reason: 'busy', anchoring: { anchored: 0 } },
      true,
      ['Could not seal acme: its writers never paused. Run it again.', 'Anchored 0 seals.'],
    ],
    [
      'an interruption',
      { seals: [seal(1)], reason: 'stopped', anchoring: { anchored: 1 } },
      true,
      ['Seal 1 covers 10 movements: hash1', 'Stopped. Run it again to continue.', 'Anchored 1 seal.'],
    ],
    [
      'anchors that wait',
      { seals: [], reason: 'nothing-new', anchoring: { anchored: 3, failure } },
      true,
      [
        'No movements of acme since its last seal.',
        'Anchored 3 seals.',
        'The other seals are not anchored yet: S3 does not answer',
      ],
    ],
  ])('%s', (_, result, failed, lines) => {
    expect(sealedAnswer('acme', result)).toEqual({
      failed,
      json: { organization: 'acme', ...result },
      text: lines.join('\n'),
    });
  });
});

describe('a verification', () => {
  const good: VerifiedOrganization = {
    organization: 'acme',
    ok: true,
    seals: 2,
    movements: 50,
    unsealed: 3,
    anchors: { status: 'compared', compared: 1, unanchored: 1 },
    olderSeals: [],
    faultCount: 0,
    faults: [],
  };
  const fault = (n: number) => ({ kind: 'altered', seal: 1, message: `fault ${n}` }) as never;
  const unsealed = '3 movements since the last seal, not verified.';
  const anchors = '1 seal compared with the anchor, 1 not anchored yet.';

  test('everything agrees', () => {
    expect(verifiedAnswer([good], true)).toEqual({
      failed: false,
      json: good,
      text: ['acme: 50 movements and 2 seals agree.', unsealed, anchors].join('\n'),
    });
  });

  test('what seals of an older version do not cover is listed', () => {
    const older = { version: 1, seals: 2, throughSeal: 2, notCovered: ['the times', 'the number'] };
    const text = (olderSeals: readonly (typeof older)[]) =>
      verifiedAnswer([{ ...good, olderSeals }], true)
        .text.split('\n')
        .slice(3);
    expect(text([older])).toEqual([
      '2 seals up to seal 2 have version 1, which does not cover:',
      '  the times',
      '  the number',
    ]);
    expect(text([{ ...older, seals: 1 }])[0]).toBe('Seal 2 has version 1, which does not cover:');
  });

  test('no movements since the last seal', () => {
    expect(verifiedAnswer([{ ...good, unsealed: 0 }], true).text.split('\n')[1]).toBe(
      'No movements since the last seal.',
    );
  });

  test('several organizations, one of them with a fault, and none', () => {
    const bad = { ...good, organization: 'globex', ok: false, faultCount: 1, faults: [fault(1)] };
    const { failed, json, text } = verifiedAnswer([good, bad], false);
    expect({ failed, json }).toEqual({ failed: true, json: { organizations: [good, bad] } });
    expect(text.split('\n\n')[1]).toBe(
      ['globex: 1 fault in 2 seals. The first: fault 1', unsealed, anchors].join('\n'),
    );
    expect(verifiedAnswer([], false)).toEqual({
      failed: false,
      json: { organizations: [] },
      text: 'There are no organizations.',
    });
  });

  test('shows twenty of many faults', () => {
    const faults = Array.from({ length: 25 }, (_, n) => fault(n));
    const { text } = verifiedAnswer([{ ...good, ok: false, faultCount: 150, faults }], true);
    expect(text.split('\n')).toEqual([
      'acme: 150 faults in 2 seals. The first: fault 0',
      ...Array.from({ length: 19 }, (_, n) => `  fault ${n + 1}`),
      unsealed,
      anchors,
    ]);
  });

  test('anchors that could not be compared prove nothing', () => {
    const blind = {
      ...good,
      ok: false,
      anchors: { status: 'could not run', reason: 'there is no bucket' },
    } as const;
    const { failed, text } = verifiedAnswer([blind], true);
    expect(failed).toBe(true);
    expect(text.split('\n').at(-1)).toBe('Not proven: the anchors could not be compared: there is no bucket');
  });
});
