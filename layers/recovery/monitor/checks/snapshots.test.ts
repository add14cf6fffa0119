import { describe, expect, test } from 'vitest';
import {
  ago,
  type Differences,
  dayMs,
  hourMs,
  kept,
  now,
  surroundings,
} from '#tests/recovery/surroundings.ts';
import { snapshotsFinish, snapshotsPrivate } from './snapshots.ts';

describe('snapshots in the making', () => {
  const found = (snapshots: Differences['snapshots'], begunAt: () => Date | undefined = () => undefined) =>
    snapshotsFinish.run(
      surroundings({ snapshots: snapshots ?? [], rds: { begunAt: async () => begunAt() } }),
    );

  test('complete ones and those being deleted are ok', async () => {
    expect(await found([kept('a'), kept('b', { status: 'deleting' })])).toEqual({
      status: 'ok',
      summary: 'No snapshot failed or is stuck (2 snapshots).',
      facts: { failed: [], inTheMaking: [] },
    });
  });

  test.each([
    ['just begun', 0, 'ok'],
    ['for two hours', 2 * hourMs, 'ok'],
    ['for a millisecond more', 2 * hourMs + 1, 'warn'],
    ['for six hours', 6 * hourMs, 'warn'],
    ['for a millisecond more than that', 6 * hourMs + 1, 'fail'],
  ] as const)('one that has been in the making %s', async (_, ageMs, status) => {
    const { status: found_, facts } = await found([kept('s', { status: 'creating' })], () => ago(ageMs));
    expect([found_, facts]).toEqual([
      status,
      { failed: [], inTheMaking: [{ identifier: 's', ageSeconds: Math.round(ageMs / 1000) }] },
    ]);
  });

  test.each(['creating', 'copying', 'modifying', 'pending'])('%s counts as in the making', async (status) => {
    expect(await found([kept('s', { status })], () => now)).toMatchObject({ status: 'ok' });
  });

  test('one with an unknown or future beginning counts as 14 days old', async () => {
    for (const begunAt of [() => undefined, () => ago(-dayMs)]) {
      expect(await found([kept('s', { status: 'pending' })], begunAt)).toMatchObject({
        status: 'fail',
        summary: 'Snapshots unfinished for too long: s (14 d).',
      });
    }
  });

  test('one that failed is a failure, and is reported together with one that is late', async () => {
    const both = [
      kept('f', { status: 'failed' }),
      kept('i', { status: 'incompatible-restore' }),
      kept('s', { status: 'creating' }),
    ];
    expect(await found(both, () => ago(3 * hourMs))).toEqual({
      status: 'fail',
      summary: 'Snapshots failed: f (failed), i (incompatible-restore); unfinished for too long: s (3 h).',
      facts: {
        failed: [
          { identifier: 'f', status: 'failed' },
          { identifier: 'i', status: 'incompatible-restore' },
        ],
        inTheMaking: [{ identifier: 's', ageSeconds: 10_800 }],
      },
    });
    expect(await found([kept('f', { status: 'failed' })])).toMatchObject({ status: 'fail' });
  });

  test('each snapshot is judged by its own beginning', async () => {
    const begun: Readonly<Record<string, Date>> = { old: ago(7 * hourMs), young: ago(hourMs) };
    const around = surroundings({
      snapshots: ['old', 'young'].map((name) => kept(name, { status: 'creating' })),
      rds: { begunAt: async (snapshot) => begun[snapshot] },
    });
    expect((await snapshotsFinish.run(around)).summary).toBe('Snapshots unfinished for too long: old (7 h).');
  });
});

describe('who may restore', () => {
  const region = 'eu-west-1';
  const manual = (identifier: string) => kept(identifier, { kind: 'manual' });

  /** Runs the check and records which snapshots it asks about. */
  async function found(open: Readonly<Record<string, readonly string[]>>, more: Differences = {}) {
    const asked: string[] = [];
    const around = surroundings({
      ...more,
      rds: {
        ...more.rds,
        restorers: async (snapshot, of) => {
          asked.push(of === undefined ? snapshot : `${snapshot} in ${of}`);
          return open[snapshot] ?? [];
        },
      },
    });
    return { ...(await snapshotsPrivate.run(around)), asked };
  }

  test('only complete manual snapshots can be shared, so it asks about no others', async () => {
    const snapshots = [
      kept('automated'),
      manual('by-hand'),
      { ...manual('in-the-making'), status: 'creating' },
    ];
    expect(await found({ automated: ['all'], 'in-the-making': ['all'] }, { snapshots })).toEqual({
      status: 'ok',
      summary: 'No snapshot is public or shared.',
      facts: { open: [] },
      asked: ['by-hand'],
    });
  });

  test('public and shared snapshots are reported with their accounts, except trusted accounts', async () => {
    const snapshots = ['public', 'shared', 'trusted', 'private'].map(manual);
    const open = { public: ['1', 'all'], shared: ['1', '2', '3'], trusted: ['3'] };
    expect(await found(open, { snapshots, trustedAccounts: ['3'] })).toEqual({
      status: 'fail',
      summary:
        'public is PUBLIC, shared is shared with 1, 2. A restored snapshot shows the stock of every organization.',
      facts: {
        open: [
          { identifier: 'public', region: undefined, with: ['1', 'all'] },
          { identifier: 'shared', region: undefined, with: ['1', '2'] },
        ],
      },
      asked: ['public', 'shared', 'trusted', 'private'],
    });
  });

  test('copies in another region are checked there, if one is configured', async () => {
    const more = { snapshots: [], copies: { snapshots: [manual('copy'), kept('replica')] } };
    expect(await found({ copy: ['all'] }, { ...more, rds: { copyRegion: region } })).toEqual({
      status: 'fail',
      summary: 'copy in eu-west-1 is PUBLIC. A restored snapshot shows the stock of every organization.',
      facts: { open: [{ identifier: 'copy', region, with: ['all'] }] },
      asked: ['copy in eu-west-1'],
    });
    for (const copyRegion of ['none', undefined]) {
      expect(await found({ copy: ['all'] }, { ...more, rds: { copyRegion } })).toMatchObject({
        status: 'ok',
        asked: [],
      });
    }
  });
});

test('the snapshots of a database that does not exist could not be checked', async () => {
  for (const check of [snapshotsFinish, snapshotsPrivate]) {
    await expect(check.run(surroundings({ database: 'gone' }))).rejects.toThrow(
      'there is no instance ledger',
    );
  }
});
