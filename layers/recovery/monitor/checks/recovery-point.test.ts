import { describe, expect, test } from 'vitest';
import {
  ago,
  type Differences,
  dayMs,
  hourMs,
  kept,
  minuteMs,
  surroundings,
} from '#tests/recovery/surroundings.ts';
import { copyElsewhere, latestRestorableTime, newestSnapshot, walArchiving } from './recovery-point.ts';

/** At a bound, beside it, and where clocks differ. */
const pointAges = [
  ['a second ahead', -1_000, 'ok', '0 s'],
  ['ten minutes behind', 10 * minuteMs, 'ok', '10 min'],
  ['a millisecond more', 10 * minuteMs + 1, 'warn', '10 min'],
  ['fifteen minutes behind', 15 * minuteMs, 'warn', '15 min'],
  ['a millisecond more than that', 15 * minuteMs + 1, 'fail', '15 min'],
] as const;

describe('the latest restorable time', () => {
  test.each(pointAges)('%s', async (_, behindMs, status, said) => {
    const latestRestorableAt = ago(behindMs);
    expect(await latestRestorableTime.run(surroundings({ database: { latestRestorableAt } }))).toEqual({
      status,
      summary: `ledger can be restored to ${said} ago; 15 min at most were promised.`,
      facts: { latestRestorableAt, behindSeconds: Math.round(Math.max(0, behindMs) / 1000) },
    });
  });

  test('that there is none, or that has not come, is a failure', async () => {
    expect(
      await latestRestorableTime.run(surroundings({ database: { latestRestorableAt: undefined } })),
    ).toEqual({
      status: 'fail',
      summary: 'ledger cannot be restored to any point in time.',
    });
    const latestRestorableAt = ago(-6 * minuteMs);
    expect(await latestRestorableTime.run(surroundings({ database: { latestRestorableAt } }))).toEqual({
      status: 'fail',
      summary: `ledger can be restored to ${latestRestorableAt.toISOString()}, which has not come yet: a clock is wrong.`,
      facts: { latestRestorableAt },
    });
  });
});

describe('the newest snapshot', () => {
  test.each([
    ['of 25 hours ago', 25 * hourMs, 'ok', '1 d 1 h'],
    ['of a millisecond before that', 25 * hourMs + 1, 'warn', '1 d 1 h'],
    ['of 30 hours ago', 30 * hourMs, 'warn', '1 d 6 h'],
    ['of a millisecond before that too', 30 * hourMs + 1, 'fail', '1 d 6 h'],
  ] as const)('%s', async (_, ageMs, status, said) => {
    const takenAt = ago(ageMs);
    const snapshots = [kept('old', { takenAt: ago(9 * dayMs) }), kept('new', { takenAt })];
    for (const inAnyOrder of [snapshots, snapshots.toReversed()]) {
      expect(await newestSnapshot.run(surroundings({ snapshots: inAnyOrder }))).toEqual({
        status,
        summary: `What is in the newest snapshot, new, is ${said} old; 1 d 6 h at most are wanted.`,
        facts: { snapshot: 'new', takenAt, ageSeconds: Math.round(ageMs / 1000) },
      });
    }
  });

  test('one that is not whole, or of an age that nobody knows, is none', async () => {
    const snapshots = [kept('a', { status: 'creating' }), kept('b', { takenAt: undefined })];
    expect(await newestSnapshot.run(surroundings({ snapshots }))).toEqual({
      status: 'fail',
      summary: 'There is no snapshot of ledger that is whole.',
    });
  });

  test('one of tomorrow is not the freshest there could be', async () => {
    const takenAt = ago(-dayMs);
    expect(await newestSnapshot.run(surroundings({ snapshots: [kept('a', { takenAt })] }))).toEqual({
      status: 'fail',
      summary: `What is in the newest snapshot, a, is of ${takenAt.toISOString()}, which has not come yet: a clock is wrong.`,
      facts: { snapshot: 'a', takenAt },
    });
  });

  test('of a database that is gone it is not known', async () => {
    await expect(newestSnapshot.run(surroundings({ database: 'gone' }))).rejects.toThrow(
      'there is no instance',
    );
  });
});

describe('a copy in another region', () => {
  const found = (copies: Differences['copies'], copyRegion: string | undefined = 'eu-west-1') =>
    copyElsewhere.run(surroundings({ copies: copies ?? {}, rds: { copyRegion } }));

  test.each([
    ['of 26 hours ago', 26 * hourMs, 'ok', '1 d 2 h'],
    ['of a millisecond before that', 26 * hourMs + 1, 'warn', '1 d 2 h'],
    ['of 36 hours ago', 36 * hourMs, 'warn', '1 d 12 h'],
    ['of a millisecond before that too', 36 * hourMs + 1, 'fail', '1 d 12 h'],
  ] as const)('%s', async (_, ageMs, status, said) => {
    const takenAt = ago(ageMs);
    const snapshots = [kept('older', { takenAt: ago(9 * dayMs) }), kept('copy', { takenAt })];
    expect(await found({ snapshots, replicaReachesTo: ago(40 * dayMs), isReplicaEncrypted: true })).toEqual({
      status,
      summary: `What is kept in eu-west-1 is ${said} old; 1 d 12 h at most are wanted.`,
      facts: {
        region: 'eu-west-1',
        replicaReachesTo: ago(40 * dayMs),
        snapshot: 'copy',
        takenAt,
        ageSeconds: Math.round(ageMs / 1000),
      },
    });
  });

  test('is as fresh as the freshest of snapshots and the replica', async () => {
    const snapshots = [kept('copy', { takenAt: ago(40 * hourMs) })];
    expect(await found({ snapshots, replicaReachesTo: ago(hourMs) })).toMatchObject({
      status: 'ok',
      facts: { ageSeconds: 3_600 },
    });
  });

  test('that is not there, is of tomorrow, or not encrypted is a failure', async () => {
    expect(await found({ snapshots: [kept('a', { status: 'copying' })] })).toMatchObject({
      status: 'fail',
      summary: 'There is no copy of ledger in eu-west-1.',
    });
    expect(await found({ replicaReachesTo: ago(-dayMs) })).toMatchObject({
      status: 'fail',
      summary: expect.stringContaining('which has not come yet'),
    });
    const plain = { status: 'fail', summary: 'What is kept in eu-west-1 is not all encrypted.' };
    // Also one that is older, or not whole: it holds the stock as well.
    expect(
      await found({ snapshots: [kept('a'), kept('b', { isEncrypted: false, status: 'copying' })] }),
    ).toMatchObject(plain);
    expect(await found({ replicaReachesTo: ago(hourMs), isReplicaEncrypted: false })).toMatchObject(plain);
    expect(await found({ replicaReachesTo: ago(hourMs), isReplicaEncrypted: undefined })).toMatchObject({
      status: 'ok',
    });
  });

  test('that was decided against does not apply; that nobody has decided on fails', async () => {
    expect(await found({}, 'none')).toEqual({
      status: 'not_applicable',
      summary: 'It was decided that this stage keeps no copy in another region.',
    });
    expect(await copyElsewhere.run(surroundings({ rds: { copyRegion: undefined } }))).toMatchObject({
      status: 'fail',
      summary: expect.stringMatching(
        /^Nobody has said in which region copies are kept: .*-c backupCopyRegion=…/,
      ),
    });
  });
});

describe('the log, elsewhere than on RDS', () => {
  const found = (more: Differences = {}) => walArchiving.run({ ...surroundings(more), rds: undefined });

  test.each(pointAges)('%s', async (_, behindMs, status, said) => {
    const lastArchivedAt = ago(behindMs);
    expect(await found({ archiver: { lastArchivedAt } })).toEqual({
      status,
      summary: `The log was kept up to ${said} ago; 15 min at most were promised.`,
      facts: {
        ...{ archive_mode: 'on', archive_timeout: '60', lastArchivedAt },
        ...{ lastFailedAt: undefined, lastFailedFile: undefined },
      },
    });
  });

  test.each([
    ['it was kept after that', minuteMs + 1, 'ok'],
    ['it was kept at the same moment', minuteMs, 'ok'],
    ['it was not kept since', minuteMs - 1, 'fail'],
  ] as const)('a part of it has failed, and %s', async (_, agoMs, status) => {
    const archiver = { lastFailedAt: ago(agoMs), lastFailedFile: '0001' };
    const { status: verdict, summary } = await found({ archiver });
    expect(verdict).toBe(status);
    if (status === 'fail') expect(summary).toBe('The log cannot be kept: 0001 has failed last.');
  });

  test('that is not kept, was never kept, only ever failed, or is of tomorrow is a failure', async () => {
    for (const [more, said] of [
      [
        { settings: { archive_mode: 'off' } },
        'archive_mode is off: all since the last backup would be lost.',
      ],
      [{ archiver: { lastArchivedAt: undefined } }, 'No part of the log has ever been kept.'],
      [
        { archiver: { lastArchivedAt: undefined, lastFailedAt: ago(dayMs), lastFailedFile: '0001' } },
        'The log cannot be kept: 0001 has failed last.',
      ],
      [
        { archiver: { lastArchivedAt: ago(-dayMs) } },
        `The log was kept up to ${ago(-dayMs).toISOString()}, which has not come yet: a clock is wrong.`,
      ],
    ] as const) {
      expect(await found(more)).toMatchObject({ status: 'fail', summary: said });
    }
  });

  test('that waits until a file is full is worth a look, unless it is late as well', async () => {
    const settings = { archive_timeout: '0' };
    expect(await found({ settings })).toMatchObject({
      status: 'warn',
      summary:
        'The log was kept up to 1 min ago; 15 min at most were promised. But archive_timeout is 0: when little is written, the log waits until a file is full.',
    });
    expect(await found({ settings, archiver: { lastArchivedAt: ago(hourMs) } })).toMatchObject({
      status: 'fail',
    });
  });

  test('is looked after by RDS where that is', async () => {
    expect(await walArchiving.run(surroundings({ settings: { archive_mode: 'off' } }))).toMatchObject({
      status: 'not_applicable',
    });
  });
});
