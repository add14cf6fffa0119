import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { anchorKey } from '#audit/seals/anchor-key.ts';
import { Anchors } from '#audit/seals/verify/anchors.ts';
import { Faults } from '#audit/seals/verify/fault.ts';
import { putEvidence } from '#platform/aws/evidence.ts';
import { openAws } from '#tests/aws.ts';

openAws();

const asOf = new Date('2026-03-01T12:00:00.000Z');
const after = (ms: number) => new Date(asOf.getTime() + ms).toISOString();

/** An organization whose bucket has the anchors of seals made at these times: seal 1, seal 2 … */
async function anchored(...sealedAt: readonly string[]): Promise<string> {
  const orgId = randomUUID();
  for (const [index, at] of sealedAt.entries()) {
    await putEvidence(anchorKey(orgId, index + 1), JSON.stringify({ seal: { sealedAt: at } }));
  }
  return orgId;
}

/** What is said of anchors that no seal of the database asked for. */
async function left(orgId: string, lastSeq: number, copiedAt?: Date) {
  const anchors = await Anchors.open(orgId);
  if (!(anchors instanceof Anchors)) throw new Error(anchors.couldNotRun);
  const faults = new Faults();
  const check = await anchors.finish(lastSeq, faults, copiedAt);
  return { check, missing: faults.told.map(({ kind, seal }) => [kind, seal]) };
}

const compared = { status: 'compared', compared: 0, unanchored: 0 };

test('an anchor without its seal is a missing seal, by its number', async () => {
  const orgId = await anchored(after(-120_000), after(-60_000), after(0));
  expect(await left(orgId, 2)).toEqual({
    check: compared,
    missing: [
      ['seal_missing', 1],
      ['seal_missing', 2],
      ['seal_missing', 3],
    ],
  });
});

test('in a copy as of an instant, seals after its last one may be later: they are not missing, those before are', async () => {
  const orgId = await anchored(after(-120_000), after(1), after(2));
  expect(await left(orgId, 1, asOf)).toEqual({ check: compared, missing: [['seal_missing', 1]] });
});

test.each([
  ['a minute before the copy, as sealing takes a while', -59_999, []],
  ['more than a minute before the copy', -60_000, [['seal_missing', 1]]],
])('a seal that was begun %s', async (_, ms, missing) => {
  const orgId = await anchored(after(ms));
  expect((await left(orgId, 0, asOf)).missing).toEqual(missing);
});

test('an object of another name among the anchors stands for the seal after the last one', async () => {
  const orgId = randomUUID();
  await putEvidence(anchorKey(orgId, 1).replace(/[^/]*$/, 'notes.txt'), 'x');
  expect((await left(orgId, 6)).missing).toEqual([['seal_missing', 7]]);
});

test('an organization without anchors has none left', async () => {
  expect(await left(await anchored(), 3, asOf)).toEqual({ check: compared, missing: [] });
});

test.each(['', '{', 'null', '{"seal":null}', '{"seal":{"sealedAt":"soon"}}', '{"seal":{"sealedAt":1e999}}'])(
  'what is no anchor, %j, stands for no seal that came later, and stops no proof',
  async (body) => {
    const orgId = await anchored(after(-120_000));
    await putEvidence(anchorKey(orgId, 2), body);
    expect(await left(orgId, 1, asOf)).toEqual({
      check: compared,
      missing: [
        ['seal_missing', 1],
        ['seal_missing', 2],
      ],
    });
  },
);
