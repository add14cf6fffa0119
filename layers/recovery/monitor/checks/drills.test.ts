import { describe, expect, test } from 'vitest';
import {
  ago,
  type Differences,
  dayMs,
  hourMs,
  minuteMs,
  surroundings,
} from '#tests/recovery/surroundings.ts';
import type { DrillInstance } from '../source.ts';
import { drillLeftovers, lastDrill, recoveryTime } from './drills.ts';

describe('the last drill', () => {
  const found = (drill: Differences['drill'], more: Differences = {}) =>
    lastDrill.run(surroundings({ ...more, drill: drill ?? {} }));

  test.each([
    ['now', 0, 'ok', '0 s'],
    ['eight days ago', 8 * dayMs, 'ok', '8 d'],
    ['a millisecond before that', 8 * dayMs + 1, 'warn', '8 d'],
    ['ten days ago', 10 * dayMs, 'warn', '10 d'],
    ['a millisecond before that too', 10 * dayMs + 1, 'fail', '10 d'],
  ] as const)('has passed %s', async (_, agoMs, status, said) => {
    expect(await found({ at: ago(agoMs) })).toEqual({
      status,
      summary: `A backup was restored and proven ${said} ago (000007); 10 d at most are wanted.`,
      facts: { drill: '000007', source: 'ledger', passed: true, at: ago(agoMs), brokenLinks: [] },
    });
  });

  test('that never was, has failed, or is of tomorrow is a failure', async () => {
    const never = { ...surroundings(), lastDrill: async () => undefined };
    expect(await lastDrill.run(never)).toEqual({
      status: 'fail',
      summary: 'No backup has ever been restored and proven.',
    });
    expect(await found({ passed: false })).toMatchObject({
      status: 'fail',
      summary: 'The last drill, 000007, has failed 1 h ago.',
    });
    expect(await found({ at: ago(-dayMs) })).toMatchObject({
      status: 'fail',
      summary: expect.stringContaining('which has not come yet'),
    });
  });

  test('says first that it was of another database, then that records are missing', async () => {
    const brokenLinks = ['drills/a', 'drills/b'];
    expect(await found({ brokenLinks, passed: false })).toMatchObject({
      status: 'fail',
      summary:
        'Records of drills were removed or replaced: these follow from none that is there: drills/a, drills/b.',
      facts: { brokenLinks, passed: false },
    });
    expect(await found({ brokenLinks, request: { source: 'other' } })).toMatchObject({
      status: 'fail',
      summary:
        'Whether this database can be restored is not known: the last drill, 000007, was of other and not of ledger.',
      facts: { source: 'other' },
    });
  });

  test('cannot be told to be of this database when nobody says which that is', async () => {
    const rds = { identifier: '', database: () => Promise.reject(new Error('it is not configured')) };
    await expect(found({}, { rds })).rejects.toThrow('it is not configured');
  });
});

describe('the time that a restore takes', () => {
  const found = (provenAfterMs: number | undefined) =>
    recoveryTime.run(surroundings({ drill: { provenAfterMs } }));

  test.each([
    [90 * minuteMs, 'ok', '1 h 30 min'],
    [90 * minuteMs + 1, 'warn', '1 h 30 min'],
    [2 * hourMs, 'warn', '2 h'],
    [2 * hourMs + 1, 'fail', '2 h'],
  ] as const)('%d ms: %s', async (provenAfterMs, status, said) => {
    expect(await found(provenAfterMs)).toEqual({
      status,
      summary: `From the request to the proof it took ${said} (000007); 2 h were promised.`,
      facts: { drill: '000007', provenAfterSeconds: Math.round(provenAfterMs / 1000) },
    });
  });

  test('that nobody has measured is a failure', async () => {
    const unknown = 'How long a restore takes is not known';
    expect(await found(undefined)).toEqual({
      status: 'fail',
      summary: `${unknown}: the last drill, 000007, proved nothing.`,
    });
    expect(await recoveryTime.run({ ...surroundings(), lastDrill: async () => undefined })).toEqual({
      status: 'fail',
      summary: `${unknown}: there was no drill.`,
    });
    expect(await recoveryTime.run({ ...surroundings(), rds: undefined })).toEqual({
      status: 'fail',
      summary: `${unknown}: the last drill, 000007, was of ledger and not of this database, which runs elsewhere than on RDS.`,
    });
  });
});

describe('what drills have left behind', () => {
  const instance = (identifier: string, ageMs: number | undefined): DrillInstance => ({
    identifier,
    status: 'available',
    drillId: '000007',
    begunAt: ageMs === undefined ? undefined : ago(ageMs),
  });
  const found = async (...instances: readonly DrillInstance[]) => {
    const { status, summary } = await drillLeftovers.run(
      surroundings({ rds: { drillInstances: async () => instances } }),
    );
    return [status, summary];
  };
  const there = (what: string) =>
    `Instances of drills are still there: ${what}. They cost money and hold everybody's stock.`;
  const none = 'No instance of a drill is older than a drill takes.';

  test.each([
    ['for four hours', 4 * hourMs, 'ok', none],
    ['for a millisecond more', 4 * hourMs + 1, 'warn', there('d (4 h)')],
    ['for six hours', 6 * hourMs, 'warn', there('d (6 h)')],
    ['for a millisecond more than that', 6 * hourMs + 1, 'fail', there('d (6 h)')],
    ['since nobody knows when', undefined, 'fail', there('d (nobody knows since when)')],
    ['since tomorrow', -dayMs, 'fail', there('d (nobody knows since when)')],
  ] as const)('an instance that is there %s', async (_, ageMs, status, said) => {
    expect(await found(instance('d', ageMs))).toEqual([status, said]);
  });

  test('one is wanted at once; one that is old is told before that, and the worst decides', async () => {
    expect(await found()).toEqual(['ok', none]);
    expect(await found(instance('a', 0), instance('b', 0))).toEqual([
      'warn',
      '2 instances of drills at once: one is wanted.',
    ]);
    expect(await found(instance('a', 0), instance('b', 5 * hourMs), instance('c', 7 * hourMs))).toEqual([
      'fail',
      there('b (5 h), c (7 h)'),
    ]);
  });

  test('are told as they are', async () => {
    const left = instance('d', hourMs);
    expect(
      await drillLeftovers.run(surroundings({ rds: { drillInstances: async () => [left] } })),
    ).toMatchObject({
      facts: { instances: [left] },
    });
  });
});
