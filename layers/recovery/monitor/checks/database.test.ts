import { describe, expect, test } from 'vitest';
import {
  ago,
  type Differences,
  dayMs,
  durableSettings,
  hourMs,
  now,
  surroundings,
} from '#tests/recovery/surroundings.ts';
import type { BackedUpDatabase } from '../source.ts';
import {
  databaseOf,
  databaseStatus,
  deletionProtection,
  durability,
  encryption,
  list,
  retention,
} from './database.ts';

const given = (database: Differences['database']) => surroundings(database ? { database } : {});

test('when the database does not exist, only its status fails, and the other checks raise', async () => {
  const around = given('gone');
  await expect(databaseOf(around.rds)).rejects.toThrow(
    'there is no instance ledger in this region and account',
  );
  expect(await databaseStatus.run(around)).toEqual({
    status: 'fail',
    summary:
      'there is no instance ledger in this region and account: it was deleted or renamed, or the monitor has the wrong name.',
  });
  for (const check of [retention, encryption, deletionProtection]) {
    await expect(check.run(around)).rejects.toThrow('there is no instance ledger');
  }
});

describe('the status of the database', () => {
  test.each([
    ...['failed', 'storage-full', 'stopped', 'stopping', 'deleting', 'restore-error'].map((status) => [
      status,
      'fail',
    ]),
    ...['inaccessible-encryption-credentials', 'incompatible-network', 'insufficient-capacity'].map(
      (status) => [status, 'fail'],
    ),
    ...['available', 'backing-up', 'modifying', 'maintenance', 'storage-optimization'].map((status) => [
      status,
      'ok',
    ]),
    ...['configuring-enhanced-monitoring', 'configuring-iam-database-auth', 'configuring-log-exports'].map(
      (status) => [status, 'ok'],
    ),
    ...['rebooting', 'upgrading', 'not-available', 'has-failed'].map((status) => [status, 'warn']),
  ])('%s: %s', async (status = '', verdict) => {
    const reason = { fail: 'it takes no backups', warn: 'this is not its usual status', ok: '' }[
      verdict ?? ''
    ];
    expect(await databaseStatus.run(given({ status }))).toEqual({
      status: verdict,
      summary: `ledger is ${status}${reason ? `: ${reason}` : ''}.`,
      facts: { kind: 'instance', identifier: 'ledger', status },
    });
  });
});

describe('how long backups are kept', () => {
  const found = async (more: Partial<BackedUpDatabase>) => {
    const { status, summary } = await retention.run(given(more));
    return [status, summary];
  };
  const slack = 26 * hourMs;

  test.each<[days: number, status: string, said: string]>([
    [0, 'fail', 'Automated backups of ledger are switched off.'],
    [1, 'fail', 'Backups of ledger are kept for 1 day; the minimum is 7 days.'],
    [6, 'fail', 'Backups of ledger are kept for 6 days; the minimum is 7 days.'],
    [7, 'warn', 'Backups of ledger are kept for 7 days; the minimum is 14 days.'],
    [13, 'warn', 'Backups of ledger are kept for 13 days; the minimum is 14 days.'],
    [14, 'ok', 'Backups of ledger are kept for 14 days; they reach back 14 d.'],
  ])('%d days: %s', async (retentionDays, status, said) => {
    expect(await found({ retentionDays })).toEqual([status, said]);
  });

  test.each<[what: string, reachMs: number, livedMs: number | undefined, status: string, wanted?: string]>([
    ['to the minimum, less the slack of a day', 14 * dayMs - slack, 400 * dayMs, 'ok'],
    ['a millisecond less', 14 * dayMs - slack - 1, 400 * dayMs, 'warn', '14 d'],
    ['just far enough for a warning', 7 * dayMs - slack, 400 * dayMs, 'warn', '14 d'],
    ['a millisecond less than that', 7 * dayMs - slack - 1, 400 * dayMs, 'fail', '7 d'],
    ['to the creation of the database', 3 * dayMs - slack, 3 * dayMs, 'ok'],
    ['less far than to the creation of the database', 3 * dayMs - slack - 1, 3 * dayMs, 'fail', '3 d'],
    ['3 days, and the creation lies in the future', 3 * dayMs, -dayMs, 'fail', '7 d'],
    ['3 days, and the creation is unknown', 3 * dayMs, undefined, 'fail', '7 d'],
  ])('they reach back %s', async (_, reachMs, livedMs, status, wanted) => {
    const [verdict, said] = await found({
      earliestRestorableAt: ago(reachMs),
      createdAt: livedMs === undefined ? undefined : ago(livedMs),
    });
    expect(verdict).toBe(status);
    expect(said).toMatch(
      wanted === undefined ? /; they reach back / : new RegExp(` only .*; the minimum is ${wanted}\\.$`),
    );
  });

  test('a retention that is too short is reported before the reach of the backups', async () => {
    expect(await found({ retentionDays: 6, earliestRestorableAt: ago(hourMs) })).toEqual([
      'fail',
      'Backups of ledger are kept for 6 days; the minimum is 7 days.',
    ]);
  });

  test('no backup, or an oldest one from tomorrow, is a failure with its facts', async () => {
    expect(await retention.run(given({ earliestRestorableAt: undefined }))).toEqual({
      status: 'fail',
      summary: 'Backups of ledger are kept for 14 days, but none exists yet.',
      facts: { retentionDays: 14, earliestRestorableAt: undefined, createdAt: ago(400 * dayMs) },
    });
    const tomorrow = ago(-dayMs);
    expect(await found({ earliestRestorableAt: tomorrow })).toEqual([
      'fail',
      `Backups of ledger are kept for 14 days, but the oldest is from ${tomorrow.toISOString()}, which is in the future: a clock is wrong.`,
    ]);
    expect(await found({ earliestRestorableAt: now })).toMatchObject([
      'fail',
      expect.stringContaining('only 0 s'),
    ]);
  });
});

describe('encryption', () => {
  test('of the storage and of every snapshot', async () => {
    expect(await encryption.run(surroundings())).toEqual({
      status: 'ok',
      summary: 'ledger and all of its snapshots are encrypted.',
      facts: { isDatabaseEncrypted: true, plainSnapshots: [] },
    });
    const snapshots = ['a', 'b'].map((identifier) => ({
      ...{ identifier, status: 'available', kind: 'manual', takenAt: now },
      isEncrypted: identifier === 'b',
    }));
    expect(await encryption.run(surroundings({ snapshots }))).toEqual({
      status: 'fail',
      summary: '1 unencrypted snapshot: a.',
      facts: { isDatabaseEncrypted: true, plainSnapshots: ['a'] },
    });
    expect(await encryption.run(surroundings({ snapshots, database: { isEncrypted: false } }))).toEqual({
      status: 'fail',
      summary: 'The storage of ledger is not encrypted.',
      facts: { isDatabaseEncrypted: false, plainSnapshots: ['a'] },
    });
  });
});

test('deletion protection that is off is a failure', async () => {
  expect(await deletionProtection.run(surroundings())).toEqual({
    status: 'ok',
    summary: 'ledger is protected from deletion.',
  });
  expect(await deletionProtection.run(given({ isDeletionProtected: false }))).toEqual({
    status: 'fail',
    summary: 'Deletion protection of ledger is off: one call can delete it.',
  });
});

describe('durability', () => {
  test.each([
    ['fsync', 'fsync is off: a power failure may destroy the database.'],
    ['full_page_writes', 'full_page_writes is off: a power failure may tear pages.'],
    ['synchronous_commit', 'synchronous_commit is off: the newest confirmed movements may be lost.'],
    ['data_checksums', 'data_checksums is off: damage on disk goes unnoticed.'],
  ])('%s off is a failure', async (setting, summary) => {
    const facts = { ...durableSettings, [setting]: 'off' };
    expect(await durability.run(surroundings({ settings: facts }))).toEqual({
      status: 'fail',
      summary,
      facts,
    });
  });

  test('all faults are reported at once; a log that is not archived is none of them', async () => {
    const { summary } = await durability.run(
      surroundings({ settings: { fsync: 'off', data_checksums: 'off' } }),
    );
    expect(summary).toBe(
      'fsync is off: a power failure may destroy the database; data_checksums is off: damage on disk goes unnoticed.',
    );
    expect(await durability.run(surroundings({ settings: { archive_mode: 'off' } }))).toMatchObject({
      status: 'ok',
    });
  });

  test('is checked outside RDS too, but not for Aurora', async () => {
    const elsewhere = { ...surroundings({ settings: { fsync: 'off' } }), rds: undefined };
    expect(await durability.run(elsewhere)).toMatchObject({ status: 'fail' });
    expect(
      await durability.run(surroundings({ settings: { fsync: 'off' }, rds: { kind: 'cluster' } })),
    ).toEqual({
      status: 'not_applicable',
      summary: 'Aurora storage guarantees this. The settings of Postgres do not matter.',
    });
  });
});

test('a list shows five names, and how many more there are', () => {
  const names = (count: number) => list(Array.from({ length: count }, (_, at) => `n${at + 1}`));
  expect([names(1), names(5), names(6), names(8)]).toEqual([
    'n1',
    'n1, n2, n3, n4, n5',
    'n1, n2, n3, n4, n5 and 1 more',
    'n1, n2, n3, n4, n5 and 3 more',
  ]);
});
