import { describe, expect, test } from 'vitest';
import type { Seal } from '#audit/seals/seal.ts';
import type { SealResult } from '#audit/seals/seal-organization.ts';
import { sealedAnswer, tidiedAnswer, type VerifiedOrganization, verifiedAnswer } from './answers.ts';

test('what was tidied, or would be, is counted', () => {
  const tidied = { organizations: 2, idempotencyKeys: 30, securityEvents: 4, left: 1 };
  const what = '30 idempotency keys and 4 security events of 2 organizations';
  expect(tidiedAnswer(tidied, false)).toEqual({
    json: { ...tidied, dryRun: false },
    text: `Deleted ${what}.`,
  });
  expect(tidiedAnswer(tidied, true)).toEqual({
    json: { ...tidied, dryRun: true },
    text: `Would delete ${what}.`,
  });
});

describe('what was sealed', () => {
  const seal = (seq: number) => ({ seq, movements: seq * 10, hash: `hash${seq}` }) as Seal;
  const failure = { code: 'unavailable', message: 'S3 does not answer' } as const;

  test.each<[string, SealResult, boolean, string[]]>([
    [
      'two seals',
      { seals: [seal(1), seal(2)], anchoring: { anchored: 2 } },
      false,
      ['Seal 1 over 10 movements: hash1', 'Seal 2 over 20 movements: hash2', '2 seals were anchored.'],
    ],
    [
      'nothing new',
      { seals: [], reason: 'nothing-new', anchoring: { anchored: 0 } },
      false,
      ['Nothing was posted in acme since its last seal.', '0 seals were anchored.'],
    ],
    [
      'writers that leave no instant',
      { seals: [], reason: 'busy', anchoring: { anchored: 0 } },
      true,
      ['Writers of acme left no instant to draw a boundary: run it again.', '0 seals were anchored.'],
    ],
    [
      'a stop half-way',
      { seals: [seal(1)], reason: 'stopped', anchoring: { anchored: 1 } },
      true,
      ['Seal 1 over 10 movements: hash1', 'Stopped; run it again to go on.', '1 seals were anchored.'],
    ],
    [
      'anchors that wait',
      { seals: [], reason: 'nothing-new', anchoring: { anchored: 3, failure } },
      true,
      [
        'Nothing was posted in acme since its last seal.',
        '3 seals were anchored.',
        'The others wait for the next time: S3 does not answer',
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

describe('what was verified', () => {
  const good: VerifiedOrganization = {
    organization: 'acme',
    ok: true,
    seals: 2,
    movements: 50,
    unsealed: 3,
    anchors: { status: 'compared', compared: 1, unanchored: 1 },
    faultCount: 0,
    faults: [],
  };
  const fault = (n: number) => ({ kind: 'altered', seal: 1, message: `fault ${n}` }) as never;
  const unsealed = '3 movements are behind the last seal: nothing is said of them.';
  const anchors = '1 seals were compared with their anchors, 1 are not anchored yet.';

  test('all fits', () => {
    expect(verifiedAnswer([good], true)).toEqual({
      failed: false,
      json: good,
      text: ['acme: 50 movements are what 2 seals say.', unsealed, anchors].join('\n'),
    });
  });

  test('several organizations, of which one does not fit, and none', () => {
    const bad = { ...good, organization: 'globex', ok: false, faultCount: 1, faults: [fault(1)] };
    const { failed, json, text } = verifiedAnswer([good, bad], false);
    expect({ failed, json }).toEqual({ failed: true, json: { organizations: [good, bad] } });
    expect(text.split('\n\n')[1]).toBe(
      ['globex: 1 faults in 2 seals. The first: fault 1', unsealed, anchors].join('\n'),
    );
    expect(verifiedAnswer([], false)).toEqual({
      failed: false,
      json: { organizations: [] },
      text: 'There is no organization.',
    });
  });

  test('of many faults twenty are shown', () => {
    const faults = Array.from({ length: 25 }, (_, n) => fault(n));
    const { text } = verifiedAnswer([{ ...good, ok: false, faultCount: 150, faults }], true);
    expect(text.split('\n')).toEqual([
      'acme: 150 faults in 2 seals. The first: fault 0',
      ...Array.from({ length: 19 }, (_, n) => `  fault ${n + 1}`),
      unsealed,
      anchors,
    ]);
  });

  test('what could not be compared is no proof', () => {
    const blind = {
      ...good,
      ok: false,
      anchors: { status: 'could not run', reason: 'there is no bucket' },
    } as const;
    const { failed, text } = verifiedAnswer([blind], true);
    expect(failed).toBe(true);
    expect(text.split('\n').at(-1)).toBe(
      'The anchors could not be compared, so this is no proof: there is no bucket',
    );
  });
});
