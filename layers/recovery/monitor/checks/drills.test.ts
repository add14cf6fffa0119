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
  ] as const)('passed %s', async (_, agoMs, status, said) => {
    expect(await found({ at: ago(agoMs) })).toEqual({
      status,
      summary: `A backup was restored and proven ${said} ago (drill 000007); the limit is 10 d.`,
      facts: {
        drill: '000007',
        source: 'ledger',
        passed: true,
        at: ago(agoMs),
        brokenLinks: [],
        unreadable: [],
      },
    });
  });

  test('is a failure when it does not exist, failed, or was tomorrow', async () => {
    const never = { ...surroundings(), lastDrill: async () => undefined };
    expect(await lastDrill.run(never)).toEqual({
      status: 'fail',
      summary: 'No backup has ever been restored and proven.',
    });
    expect(await found({ passed: false })).toMatchObject({
      status: 'fail',
      summary: 'The last drill, 000007, failed 1 h ago.',
    });
    expect(await found({ at: ago(-dayMs) })).toMatchObject({
      status: 'fail',
      summary: expect.stringContaining('which is in the future'),
    });
  });

  test('reports another database first, then missing records', async () => {
    const brokenLinks = ['drills/a', 'drills/b'];
    expect(await found({ brokenLinks, passed: false })).toMatchObject({
      status: 'fail',
      summary: 'Drill records were removed or replaced before: drills/a, drills/b.',
      facts: { brokenLinks, passed: false },
    });
    expect(await found({ brokenLinks, request: { source: 'other' } })).toMatchObject({
      status: 'fail',
      summary:
        'No drill proves that this database can be restored: the last drill, 000007, restored other, not ledger.',
      facts: { source: 'other' },
    });
  });

  test('cannot be compared with a database that is not configured', async () => {
    const rds = { identifier: '', database: () => Promise.reject(new Error('a setting is missing')) };
    await expect(found({}, { rds })).rejects.toThrow('a setting is missing');
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
      summary: `A restore took ${said} from request to proof (drill 000007); the limit is 2 h.`,
      facts: { drill: '000007', provenAfterSeconds: Math.round(provenAfterMs / 1000) },
    });
  });

  test('is a failure when no drill has measured it', async () => {
    const unknown = 'The duration of a restore is not known';
    expect(await found(undefined)).toEqual({
      status: 'fail',
      summary: `${unknown}: the last drill, 000007, proved nothing.`,
    });
    expect(await recoveryTime.run({ ...surroundings(), lastDrill: async () => undefined })).toEqual({
      status: 'fail',
      summary: `${unknown}: no drill has ended yet.`,
    });
    expect(await recoveryTime.run({ ...surroundings(), rds: undefined })).toEqual({
      status: 'fail',
      summary: `${unknown}: the last drill, 000007, restored ledger, not this database, which does not run on RDS.`,
    });
  });
});

describe('leftover drill instances', () => {
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
  const leftOver = (names: string) =>
    `Drill instances are left over: ${names}. They cost money and contain the stock of every organization.`;
  const none = 'No drill instance is older than a drill takes.';

  test.each([
    ['for four hours', 4 * hourMs, 'ok', none],
    ['for a millisecond more', 4 * hourMs + 1, 'warn', leftOver('d (4 h)')],
    ['for six hours', 6 * hourMs, 'warn', leftOver('d (6 h)')],
    ['for a millisecond more than that', 6 * hourMs + 1, 'fail', leftOver('d (6 h)')],
    ['since an unknown time', undefined, 'fail', leftOver('d (age unknown)')],
    ['since tomorrow', -dayMs, 'fail', leftOver('d (age unknown)')],
  ] as const)('an instance that exists %s', async (_, ageMs, status, said) => {
    expect(await found(instance('d', ageMs))).toEqual([status, said]);
  });

  test('two at once are a warning; an old one is reported first, and the worst decides', async () => {
    expect(await found()).toEqual(['ok', none]);
    expect(await found(instance('a', 0), instance('b', 0))).toEqual([
      'warn',
      'There are 2 drill instances at once; the limit is 1.',
    ]);
    expect(await found(instance('a', 0), instance('b', 5 * hourMs), instance('c', 7 * hourMs))).toEqual([
      'fail',
      leftOver('b (5 h), c (7 h)'),
    ]);
  });

  test('are listed in the facts', async () => {
    const left = instance('d', hourMs);
    expect(
      await drillLeftovers.run(surroundings({ rds: { drillInstances: async () => [left] } })),
    ).toMatchObject({
      facts: { instances: [left] },
    });
  });
});
