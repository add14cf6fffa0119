import { expect, test } from 'vitest';
import type { MigrationEvent, MigrationReport } from '#schema/migrations/migrate.ts';
import { reportJson, reportText } from './report.ts';
import { showEvents } from './show-events.ts';

const nothing: MigrationReport = {
  dryRun: false,
  before: 2,
  applied: [],
  pending: [],
  functions: { applied: [], pending: [] },
  refused: [],
};
const rule = { number: '0001', name: '0001_rule', title: 'A rule', level: 'leak' } as const;
const faulty = (object: string) => ({
  ok: false,
  durationMs: 3,
  outcomes: [
    {
      rule: { ...rule, query: '', terms: new Map(), exceptions: [] },
      faults: [{ object, detail: 'open', remedy: 'close it' }],
    },
  ],
});

test('the report says how a backfill went', () => {
  const filled = {
    durationMs: 9_000,
    rows: 1_200,
    batches: 7,
    longestBatchMs: 131.6,
    othersWaitedMs: 88,
    pausedMs: 4_400,
  };
  const report = { ...nothing, applied: [{ number: 3, name: '000003_fill', durationMs: 9_000, filled }] };
  expect(reportText(report)).toBe(
    'Applied 1 of 3 migrations. The database is up to date.\n' +
      '000003_fill: 1200 rows filled in 7 batches, the longest 132 ms, others waited up to 88 ms, paused for 4 s.',
  );
  expect(reportJson(report).applied).toEqual(report.applied);
});

test('the report names the migration that opened the wall, and what to do', () => {
  const report = {
    ...nothing,
    applied: [{ number: 3, name: '000003_open', durationMs: 1 }],
    pending: [{ number: 4, name: '000004_next' }],
    opened: { after: ['000003_open'], isolation: faulty('s.items') },
  };
  const text = reportText(report);
  expect(text).toContain('Applied 1 of 4 migrations. Still pending:\n  000004_next\n\nLEAK      0001 A rule');
  expect(text).toContain(
    'The run stopped: these faults were not there before 000003_open. What was applied stays.',
  );
  expect(reportJson(report).opened).toMatchObject({
    after: ['000003_open'],
    isolation: { ok: false, faults: [{ rule: '0001', object: 's.items' }] },
  });
});

test('faults at the newest schema are shown without a migration', () => {
  expect(reportText({ ...nothing, isolation: faulty('s.items') })).toMatch(
    /^Nothing to apply\. The database is up to date\.\n\nLEAK .*What was applied stays\./s,
  );
});

test('rows are shown as progress, everything else in a line', () => {
  const shown: string[] = [];
  const show = showEvents((line) => shown.push(line), {
    start: (total, things) => shown.push(`start ${total} ${things}`),
    update: (...figures) => shown.push(`update ${figures.join(' ')}`),
    clear: () => shown.push('clear'),
    stop: () => shown.push('stop'),
  });
  const name = '000003_fill';
  const progress = { rowsTotal: 50, resumed: false, batchRows: 10, othersWaitedMs: 0, rowsPerSecond: 20 };
  const events: MigrationEvent[] = [
    { kind: 'blind', name },
    { kind: 'filling', name, ...progress, rowsFilled: 10, leftMs: 2_000 },
    { kind: 'filling', name, ...progress, rowsFilled: 20, leftMs: 1_500 },
    { kind: 'pausing', name, reason: 'the replica r is 12 s behind', pausedMs: 0 },
    { kind: 'filling', name, ...progress, rowsFilled: 50, leftMs: 0 },
    { kind: 'applied', name, durationMs: 10 },
  ];
  events.forEach(show);
  expect(shown).toEqual([
    '000003_fill does not pause for others: the user who migrates cannot see them (grant it pg_monitor)',
    'start 50 rows',
    'update 10 50 2000',
    'update 20 50 1500',
    'stop',
    '000003_fill pauses: the replica r is 12 s behind',
    'start 50 rows',
    'update 50 50 0',
    'stop',
    '000003_fill applied in 10 ms',
  ]);
});
