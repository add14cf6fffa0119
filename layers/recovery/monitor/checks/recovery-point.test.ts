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

/** At a bound, just beyond it, and with clocks that differ. */
const pointAges = [
  ['a second ahead', -1_000, 'ok', '0 s'],
  ['ten minutes ago', 10 * minuteMs, 'ok', '10 min'],
  ['a millisecond more', 10 * minuteMs + 1, 'warn', '10 min'],
  ['fifteen minutes ago', 15 * minuteMs, 'warn', '15 min'],
  ['a millisecond more than that', 15 * minuteMs + 1, 'fail', '15 min'],
] as const;

describe('the latest restorable time', () => {
  test.each(pointAges)('%s', async (_, behindMs, status, said) => {
    const latestRestorableAt = ago(behindMs);
    expect(await latestRestorableTime.run(surroundings({ database: { latestRestorableAt } }))).toEqual({
      status,
      summary: `ledger can be restored to ${said} ago; the limit is 15 min.`,
      facts: { latestRestorableAt, behindSeconds: Math.round(Math.max(0, behindMs) / 1000) },
    });
  });

  test('is a failure when there is none, or when it lies in the future', async () => {
    expect(
      await latestRestorableTime.run(surroundings({ database: { latestRestorableAt: undefined } })),
    ).toEqual({
      status: 'fail',
      summary: 'ledger cannot be restored to any point in time.',
    });
    const latestRestorableAt = ago(-6 * minuteMs);
    expect(await latestRestorableTime.run(surroundings({ database: { latestRestorableAt } }))).toEqual({
      status: 'fail',
      summary: `ledger can be restored to ${latestRestorableAt.toISOString()}, which is in the future: a clock is wrong.`,
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
        summary: `The data in the newest snapshot, new, is ${said} old; the limit is 1 d 6 h.`,
        facts: { snapshot: 'new', takenAt, ageSeconds: Math.round(ageMs / 1000) },
      });
    }
  });

  test('one that is incomplete or of unknown age does not count', async () => {
    const snapshots = [kept('a', { status: 'creating' }), kept('b', { takenAt: undefined })];
    expect(await newestSnapshot.run(surroundings({ snapshots }))).toEqual({
      status: 'fail',
      summary: 'There is no complete snapshot of ledger.',
    });
  });

  test('one from tomorrow is a failure', async () => {
    const takenAt = ago(-dayMs);
    expect(await newestSnapshot.run(surroundings({ snapshots: [kept('a', { takenAt })] }))).toEqual({
      status: 'fail',
      summary: `The data in the newest snapshot, a, is from ${takenAt.toISOString()}, which is in the future: a clock is wrong.`,
      facts: { snapshot: 'a', takenAt },
    });
  });

  test('of a database that does not exist could not be checked', async () => {
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
      summary: `The newest backup in eu-west-1 is ${said} old; the limit is 1 d 12 h.`,
      facts: {
        region: 'eu-west-1',
        replicaReachesTo: ago(40 * dayMs),
        snapshot: 'copy',
        takenAt,
        ageSeconds: Math.round(ageMs / 1000),
      },
    });
  });

  test('is as recent as the newest snapshot or the replica', async () => {
    const snapshots = [kept('copy', { takenAt: ago(40 * hourMs) })];
    expect(await found({ snapshots, replicaReachesTo: ago(hourMs) })).toMatchObject({
      status: 'ok',
      facts: { ageSeconds: 3_600 },
    });
  });

  test('is a failure when it is missing, from tomorrow, or not encrypted', async () => {
    expect(await found({ snapshots: [kept('a', { status: 'copying' })] })).toMatchObject({
      status: 'fail',
      summary: 'There is no copy of ledger in eu-west-1.',
    });
    expect(await found({ replicaReachesTo: ago(-dayMs) })).toMatchObject({
      status: 'fail',
      summary: expect.stringContaining('which is in the future'),
    });
    const plain = { status: 'fail', summary: 'Backups in eu-west-1 are not all encrypted.' };
    // An older or incomplete one counts too: it also contains stock.
    expect(
      await found({ snapshots: [kept('a'), kept('b', { isEncrypted: false, status: 'copying' })] }),
    ).toMatchObject(plain);
    expect(await found({ replicaReachesTo: ago(hourMs), isReplicaEncrypted: false })).toMatchObject(plain);
    expect(await found({ replicaReachesTo: ago(hourMs), isReplicaEncrypted: undefined })).toMatchObject({
      status: 'ok',
    });
  });

  test('does not apply when it is configured off, and fails when nothing is configured', async () => {
    expect(await found({}, 'none')).toEqual({
      status: 'not_applicable',
      summary: 'This stage is configured to keep no copy in another region.',
    });
    expect(await copyElsewhere.run(surroundings({ rds: { copyRegion: undefined } }))).toMatchObject({
      status: 'fail',
      summary: expect.stringMatching(/^No region for copies is configured: .*-c backupCopyRegion=<region>/),
    });
  });
});

describe('the log, outside RDS', () => {
  const found = (more: Differences = {}) => walArchiving.run({ ...surroundings(more), rds: undefined });

  test.each(pointAges)('%s', async (_, behindMs, status, said) => {
    const lastArchivedAt = ago(behindMs);
    expect(await found({ archiver: { lastArchivedAt } })).toEqual({
      status,
      summary: `The log was last archived ${said} ago; the limit is 15 min.`,
      facts: {
        ...{ archive_mode: 'on', archive_timeout: '60', lastArchivedAt },
        ...{ lastFailedAt: undefined, lastFailedFile: undefined },
      },
    });
  });

  test.each([
    ['was archived after that', minuteMs + 1, 'ok'],
    ['was archived at the same moment', minuteMs, 'ok'],
    ['was not archived since', minuteMs - 1, 'fail'],
  ] as const)('failed once, and %s', async (_, agoMs, status) => {
    const archiver = { lastFailedAt: ago(agoMs), lastFailedFile: '0001' };
    const { status: verdict, summary } = await found({ archiver });
    expect(verdict).toBe(status);
    if (status === 'fail') {
      expect(summary).toBe('The log cannot be archived: the last attempt failed at 0001.');
    }
  });

  test('is a failure when it is not archived, never was, always failed, or is from tomorrow', async () => {
    for (const [more, said] of [
      [
        { settings: { archive_mode: 'off' } },
        'archive_mode is off: a failure would lose everything since the last backup.',
      ],
      [{ archiver: { lastArchivedAt: undefined } }, 'No part of the log has ever been archived.'],
      [
        { archiver: { lastArchivedAt: undefined, lastFailedAt: ago(dayMs), lastFailedFile: '0001' } },
        'The log cannot be archived: the last attempt failed at 0001.',
      ],
      [
        { archiver: { lastArchivedAt: ago(-dayMs) } },
        `The log was last archived at ${ago(-dayMs).toISOString()}, which is in the future: a clock is wrong.`,
      ],
    ] as const) {
      expect(await found(more)).toMatchObject({ status: 'fail', summary: said });
    }
  });

  test('is a warning when it waits for a full file, and a failure when it is also late', async () => {
    const settings = { archive_timeout: '0' };
    expect(await found({ settings })).toMatchObject({
      status: 'warn',
      summary:
        'The log was last archived 1 min ago; the limit is 15 min. But archive_timeout is 0: Postgres archives a file of the log only when it is full.',
    });
    expect(await found({ settings, archiver: { lastArchivedAt: ago(hourMs) } })).toMatchObject({
      status: 'fail',
    });
  });

  test('does not apply on RDS', async () => {
    expect(await walArchiving.run(surroundings({ settings: { archive_mode: 'off' } }))).toMatchObject({
      status: 'not_applicable',
    });
  });
});
