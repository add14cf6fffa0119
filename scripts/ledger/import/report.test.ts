import { describe, expect, test } from 'vitest';
import type { ImportReport } from '#ledger/imports/import-file.ts';
import { InvalidInput } from '#platform/errors.ts';
import { UsageError } from '../../cli/failure.ts';
import { asUsageError } from './profile-file.ts';
import { importAnswer, type ReportContext } from './report.ts';

const report: ImportReport = {
  finished: true,
  lines: 12_345,
  applied: 12_000,
  alreadyApplied: 345,
  rejected: 0,
  entries: 1_500,
  organizations: 2,
  organizationsCreated: [],
  itemsCreated: 3,
  locationsCreated: 1,
  lookAlikes: [],
  lookAlikeCount: 0,
};
const context: ReportContext = {
  dryRun: false,
  retryRejects: false,
  durationMs: 2_500.4,
  rejectsPath: undefined,
  firstRejects: [],
};
const summary = (first: string, more: Partial<Record<string, string>> = {}) => [
  first,
  '  lines          12,345',
  `  ${more.applied ?? 'applied  '}      12,000 in 1,500 entries`,
  '  applied before 345',
  `  rejected       ${more.rejected ?? '0'}`,
  `  organizations  2, ${more.created ?? '0'} ${more.made ?? 'created'}`,
  `  items          3 ${more.made ?? 'created'}`,
  `  locations      1 ${more.made ?? 'created'}`,
  '  time           2.5 s, 4,937 lines per second',
];
const lines = (given: ImportReport, more: Partial<ReportContext> = {}) =>
  importAnswer(given, { ...context, ...more }).text.split('\n');

describe('an import', () => {
  test('that has ended, for people and for programs', () => {
    expect(importAnswer(report, context)).toEqual({
      json: { ...report, dryRun: false, seconds: 2.5, linesPerSecond: 4_937, rejects: null },
      text: summary('Imported.').join('\n'),
    });
  });

  test('that was a dry run wrote nothing, and has no next step', () => {
    const made = { ...report, organizationsCreated: ['new'] };
    expect(lines(made, { dryRun: true })).toEqual(
      summary('Dry run: nothing was written to the database.', {
        applied: 'to apply ',
        created: '1',
        made: 'to create',
      }),
    );
  });

  test('that creates what looks like something else says so', () => {
    const lookAlikes = Array.from({ length: 6 }, (_, n) => ({
      ...{ organization: 'acme', kind: 'item', code: `B\u041eLT-${n}`, like: [`BOLT-${n}`, `B0LT-${n}`] },
    })) as ImportReport['lookAlikes'];
    expect(lines({ ...report, lookAlikes, lookAlikeCount: 1_007 }).slice(9)).toEqual([
      'Codes that look alike, check that they are not the same thing:',
      ...lookAlikes
        .slice(0, 5)
        .map(({ code, like }) => `  the new item ${code} in acme looks like ${like.join(', ')}`),
      '  … and 1,002 more',
    ]);
    const [alike] = lookAlikes;
    expect(
      lines({ ...report, organizations: 1, lookAlikes: alike ? [alike] : [], lookAlikeCount: 1 }).slice(10),
    ).toEqual(['  the new item B\u041eLT-0 looks like BOLT-0, B0LT-0']);
  });

  test('that was stopped says how to continue, and lists no rejects', () => {
    expect(lines({ ...report, finished: false, rejected: 2, organizationsCreated: ['new'] })).toEqual([
      ...summary('Stopped.', { rejected: '2', created: '1' }),
      'Run the same command again to continue: no line is applied twice.',
    ]);
  });

  test('that created organizations says that they need an API key', () => {
    expect(lines({ ...report, organizationsCreated: ['a', 'b'] }).slice(9)).toEqual([
      'The new organizations have no API key yet. To create one: npm run keys:create -- --help',
    ]);
  });
});

describe('rejected lines', () => {
  const reject = (line: number) => ({ line, reason: `reason ${line}`, record: {} as never });
  const rejected = { ...report, rejected: 1_002 };
  const first = [reject(2), reject(7)];
  const told = ['Rejected:', '  line 2: reason 2', '  line 7: reason 7', '  … and 1,000 more'];
  const missing =
    'Or, if only organizations, items or locations were missing: create them (--create-organizations, --create-items) and repeat with --retry-rejects.';

  test('are listed with the file that has all of them, and the next step', () => {
    const rejectsPath = '/a.rejects.csv';
    expect(lines(rejected, { firstRejects: first, rejectsPath }).slice(9)).toEqual([
      ...told,
      'All rejects: /a.rejects.csv. Correct that file and import it with the same profile.',
      missing,
    ]);
    expect(importAnswer(rejected, { ...context, rejectsPath }).json).toMatchObject({ rejects: rejectsPath });
  });

  test('of a dry run are in no file', () => {
    expect(lines(rejected, { firstRejects: first, dryRun: true }).slice(9)).toEqual([
      ...told,
      'To list all rejects in a file, pass --rejects.',
    ]);
  });

  test('that were retried have no hint to retry; when all are listed, none are counted', () => {
    const all = { ...report, rejected: 2 };
    expect(lines(all, { firstRejects: first, retryRejects: true, rejectsPath: '/r' }).slice(9)).toEqual([
      ...told.slice(0, 3),
      'All rejects: /r. Correct that file and import it with the same profile.',
    ]);
  });
});

test('a wrong profile is wrong usage, field by field; every other error stays as it is', () => {
  const wrong = new InvalidInput('No.', [
    { field: 'sku', message: 'is missing' },
    { field: 'time.format', message: 'is none' },
  ]);
  expect(asUsageError(wrong, 'p.json: ')).toEqual(
    new UsageError('p.json: No.\n  sku: is missing\n  time.format: is none'),
  );
  expect((asUsageError(wrong) as Error).message).toMatch(/^No\./);
  const other = new Error('x');
  expect(asUsageError(other, 'p: ')).toBe(other);
});
