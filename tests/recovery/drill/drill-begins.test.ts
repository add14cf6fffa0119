import { describe, expect, test, vi } from 'vitest';
import { beginDrill, dueDrill } from '#recovery/drill/begin.ts';
import { type DrillWish, planDrill } from '#recovery/drill/plan.ts';
import { lastDrill, listDrillKeys, newestDrill, nextDrillId } from '#recovery/drill/records.ts';
import { recoveryPolicy } from '#recovery/policy.ts';
import type { XmlElements } from '#scripts/local/aws/xml.ts';
import { refused } from '../scripted-aws.ts';
import { minuteMs, now, openScriptedDrills } from './scripted-drills.ts';

const drills = openScriptedDrills();
const { rds } = drills;

const ago = (ms: number) => new Date(now.getTime() - ms);
const instances = (...DBInstance: readonly XmlElements[]) =>
  rds.answer('DescribeDBInstances', { DBInstances: { DBInstance: [...DBInstance] } });
const snapshots = (...DBSnapshot: readonly XmlElements[]) =>
  rds.answer('DescribeDBSnapshots', { DBSnapshots: { DBSnapshot: [...DBSnapshot] } });
const complete = (DBSnapshotIdentifier: string, ageMs: number, more: XmlElements = {}) => ({
  DBSnapshotIdentifier,
  SnapshotCreateTime: ago(ageMs),
  Status: 'available',
  ...more,
});
const window = (EarliestTime: Date | undefined, LatestTime: Date | undefined) =>
  rds.answer('DescribeDBInstanceAutomatedBackups', {
    DBInstanceAutomatedBackups: {
      DBInstanceAutomatedBackup: [{ Status: 'active', RestoreWindow: { EarliestTime, LatestTime } }],
    },
  });
const begin = (wish: DrillWish, keep = false) => beginDrill(drills.around(), wish, { keep, now });

describe('the plan of a restore', () => {
  const plan = (wish: DrillWish) => planDrill('000009', 'ledger', wish, true);
  const same = { source: 'ledger', instance: 'stockade-drill-000009', keep: true };

  test('has the snapshot that you name, or the newest complete one; a copy is as old as its original', async () => {
    snapshots(
      complete('copy-of-old', 0, { OriginalSnapshotCreateTime: ago(9 * minuteMs) }),
      complete('newest', minuteMs),
      complete('older', 2 * minuteMs),
      complete('in-the-making', 0, { Status: 'creating' }),
      { Status: 'available', DBSnapshotIdentifier: 'of-no-time' },
    );
    const wanted = { ...same, kind: 'snapshot' };
    expect(await plan({ kind: 'snapshot' })).toEqual({
      ...wanted,
      snapshot: 'newest',
      asOf: ago(minuteMs).toISOString(),
    });
    expect(await plan({ kind: 'snapshot', snapshot: 'copy-of-old' })).toEqual({
      ...wanted,
      snapshot: 'copy-of-old',
      asOf: ago(9 * minuteMs).toISOString(),
    });
    for (const snapshot of ['in-the-making', 'of-no-time', 'no-such']) {
      await expect(plan({ kind: 'snapshot', snapshot })).rejects.toThrow(
        `ledger has no available snapshot ${snapshot}`,
      );
    }
    snapshots();
    await expect(plan({ kind: 'snapshot' })).rejects.toThrow(/^ledger has no available snapshot$/);
  });

  test('has the latest point in time, if there is one', async () => {
    instances({ LatestRestorableTime: ago(minuteMs) });
    expect(await plan({ kind: 'point-in-time' })).toEqual({
      ...same,
      kind: 'point-in-time',
      asOf: ago(minuteMs).toISOString(),
    });
    expect(rds.actions()).toEqual(['DescribeDBInstances']);
    instances({});
    await expect(plan({ kind: 'point-in-time' })).rejects.toThrow('ledger has no point in time');
    rds.answer('DescribeDBInstances', refused('DBInstanceNotFound', 'no', 404));
    await expect(plan({ kind: 'point-in-time' })).rejects.toThrow('ledger has no point in time');
  });

  test.each([
    ['the first', 60 * minuteMs],
    ['the last', 5 * minuteMs],
  ])('may have %s restorable point in time', async (_, agoMs) => {
    window(ago(60 * minuteMs), ago(5 * minuteMs));
    expect(await plan({ kind: 'point-in-time', at: ago(agoMs) })).toMatchObject({
      asOf: ago(agoMs).toISOString(),
    });
  });

  test.each([
    ['before the first restorable one', 60 * minuteMs + 1_000, /^A snapshot may contain an older time/],
    ['after the last restorable one', 5 * minuteMs - 1_000, /^RDS ships the log every five minutes/],
    ['now', 0, /^RDS ships the log every five minutes/],
    ['in the future', -1_000, /^The time is in the future\. End --at with a Z/],
  ])('refuses a point in time %s, with a remedy', async (_, agoMs, remedy) => {
    const [first, last] = [ago(60 * minuteMs), ago(5 * minuteMs)];
    window(first, last);
    await expect(plan({ kind: 'point-in-time', at: ago(agoMs) })).rejects.toMatchObject({
      message: `${ago(agoMs).toISOString()} cannot be restored: choose a time from ${first.toISOString()} to ${last.toISOString()}.`,
      remedy: expect.stringMatching(remedy),
    });
  });

  test('refuses every point in time when RDS keeps no log', async () => {
    for (const [first, last] of [
      [undefined, undefined],
      [ago(1), undefined],
      [undefined, ago(1)],
    ]) {
      window(first, last);
      await expect(plan({ kind: 'point-in-time', at: ago(1) })).rejects.toThrow(
        'ledger has no automated backups.',
      );
    }
  });
});

describe('a drill begins', () => {
  test('with a request that records what it restores', async () => {
    instances();
    snapshots(complete('daily', minuteMs));
    expect(await begin({ kind: 'snapshot' }, true)).toMatchObject({ id: '000001', requestedAt: now });
    expect(await drills.written()).toEqual([
      [
        '000001',
        'requested',
        {
          ...{ source: 'ledger', instance: 'stockade-drill-000001', keep: true },
          ...{ kind: 'snapshot', snapshot: 'daily', asOf: ago(minuteMs).toISOString() },
        },
      ],
    ]);
  });

  test('not while another is under way, of any kind', async () => {
    await drills.request();
    expect(await begin({ kind: 'point-in-time' })).toMatchObject({
      id: '000001',
      request: { kind: 'snapshot' },
    });
    // It is under way until its instance is deleted, not only until its verdict.
    await drills.reach('verdict');
    expect(await begin({ kind: 'point-in-time' })).toMatchObject({ id: '000001' });
    expect(rds.actions()).toEqual([]);
  });

  test('not while an instance of an earlier drill exists', async () => {
    instances({ DBInstanceIdentifier: 'stockade-drill-000000', DBInstanceStatus: 'stopped' });
    await expect(begin({ kind: 'snapshot' })).rejects.toMatchObject({
      name: 'RecoveryRefused',
      message: 'stockade-drill-000000 of an earlier drill is still stopped. Drills run one at a time.',
      remedy: 'Wait until the sweep deletes the instance at the end of its lifetime.',
    });
    expect(await drills.written()).toEqual([]);
  });

  test('once when two runs begin at the same moment', async () => {
    snapshots(complete('daily', minuteMs));
    // While this run looks for instances, the other one begins under the same id.
    rds.answer('DescribeDBInstances', async () => {
      await drills.request({ snapshot: 'of the other' });
      return {};
    });
    expect(await begin({ kind: 'snapshot' })).toMatchObject({
      id: '000001',
      request: { snapshot: 'of the other' },
    });
    expect(await drills.written()).toMatchObject([['000001', 'requested', { snapshot: 'of the other' }]]);
  });

  test.each([
    ['there is no snapshot', { kind: 'snapshot' }, 'ledger has no available snapshot'],
    ['there is no point in time', { kind: 'point-in-time' }, 'ledger has no point in time to restore'],
  ] as const)('and fails when %s', async (_, wish, summary) => {
    instances();
    snapshots();
    expect(await begin(wish)).toMatchObject({ verdict: { passed: false, summary }, verdictAt: now });
    expect(await drills.written()).toEqual([
      [
        '000001',
        'requested',
        {
          kind: wish.kind,
          source: 'ledger',
          asOf: now.toISOString(),
          instance: 'stockade-drill-000001',
          keep: false,
        },
      ],
      ['000001', 'verdict', { passed: false, summary }],
    ]);
  });

  test('and fails when AWS refuses to list the snapshots, even for one that you name', async () => {
    instances();
    rds.answer('DescribeDBSnapshots', refused('AccessDenied', 'no', 403));
    const summary = 'RDS DescribeDBSnapshots of ledger was refused: AccessDenied: no';
    expect(await begin({ kind: 'snapshot', snapshot: 'daily' })).toMatchObject({
      verdict: { passed: false, summary },
    });
  });

  test('not when you mistype a snapshot or a time, and not while AWS is busy', async () => {
    instances();
    snapshots();
    window(ago(60 * minuteMs), ago(5 * minuteMs));
    await expect(begin({ kind: 'snapshot', snapshot: 'dialy' })).rejects.toMatchObject({
      name: 'RecoveryRefused',
    });
    await expect(begin({ kind: 'point-in-time', at: ago(0) })).rejects.toMatchObject({
      name: 'RecoveryRefused',
    });
    rds.answer('DescribeDBSnapshots', refused('Throttling'));
    await expect(begin({ kind: 'snapshot' })).rejects.toMatchObject({ name: 'AwsUnavailable' });
    expect(await drills.written()).toEqual([]);
  });
});

describe('the drill that is due', () => {
  const everyMs = recoveryPolicy.drillEveryMs;

  test('is one of a snapshot before the first drill', async () => {
    expect(await dueDrill(everyMs, now)).toEqual({ kind: 'snapshot' });
  });

  test.each([
    ['a millisecond less ago', everyMs - 1, undefined],
    ['exactly that long ago', everyMs, { kind: 'point-in-time' }],
    ['five minutes in the future, as clocks differ', -5 * minuteMs, undefined],
    ['further in the future', -5 * minuteMs - 1, { kind: 'point-in-time' }],
  ])('after one of a snapshot that was requested %s', async (_, agoMs, due) => {
    await drills.request({}, agoMs);
    expect(await dueDrill(everyMs, now)).toEqual(due);
  });

  test('is one of a snapshot after one of a point in time', async () => {
    await drills.request({ kind: 'point-in-time' }, everyMs);
    expect(await dueDrill(everyMs, now)).toEqual({ kind: 'snapshot' });
  });
});

describe('records', () => {
  test('contain how long after the request each milestone was reached', async () => {
    await drills.request({}, 10_000);
    expect(await newestDrill()).toEqual({
      ...{ id: '000001', request: expect.anything(), requestedAt: ago(10_000) },
      ...{ availableAfterMs: undefined, queryableAfterMs: undefined, provenAfterMs: undefined },
      ...{ verdict: undefined, verdictAt: undefined, tornDownAt: undefined, unreadable: [] },
    });
    vi.setSystemTime(ago(8_000));
    await drills.reach('available');
    vi.setSystemTime(ago(5_000));
    await drills.reach('queryable');
    vi.setSystemTime(ago(1_000));
    await drills.reach('verdict');
    expect(await newestDrill()).toMatchObject({
      ...{ availableAfterMs: 2_000, queryableAfterMs: 5_000, verdictAt: ago(1_000) },
      // The verdict came without proofs.
      provenAfterMs: undefined,
    });
  });

  test('the last drill is the last with a verdict; the newest drill is the last that was requested', async () => {
    await drills.request({}, 60_000);
    await drills.reach('verdict');
    await drills.request({}, 0, '000002');
    expect(await lastDrill()).toMatchObject({ id: '000001', passed: true, at: now, brokenLinks: [] });
    expect(await newestDrill()).toMatchObject({ id: '000002' });
    expect([...(await listDrillKeys()).keys()]).toEqual(['000001', '000002']);
    expect(await nextDrillId()).toBe('000003');
  });

  test('are in the order of their ids, not of their days', async () => {
    await drills.request({}, -86_400_000 * 40, '000009');
    await drills.request({}, 0, '000010');
    expect([(await newestDrill())?.id, await nextDrillId()]).toEqual(['000010', '000011']);
  });
});
