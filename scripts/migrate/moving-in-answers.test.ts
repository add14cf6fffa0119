import { expect, test } from 'vitest';
import type { MovingInStatus } from '#portability/moving-in/status.ts';
import { nextCommand, statusText, unpairedText } from './moving-in-answers.ts';

const halfway: MovingInStatus = {
  next: 'balances',
  applied: ['000001_a', '000002_b'],
  pending: ['000003_c'],
  isOldProgramWorking: true,
  rows: { users: 1, items: 2, locations: 1, movements: 10 },
  decisions: {
    organization: 'shop',
    others: ['farm'],
    everyone: null,
    roles: 2,
    usersWithoutRole: 1,
    assignments: 3,
    codes: 1,
  },
  underWay: { migration: '000003_c', rowsFilled: 4, since: '2026-11-30T00:00:00Z' },
  movementsPlaced: 4,
  changesLeft: 7,
  unpaired: undefined,
};

test('a move that is half way says what is done, what the old program may do, and what comes next', () => {
  expect(statusText(halfway)).toBe(
    [
      'Every row has its organization. Movements have no entries and balances yet.',
      'The old program may do everything it did: its tables, its login and its rows are untouched.',
      'Decided: organization shop, farm; 2 roles; 3 assignments; 1 changed code',
      'Undecided: 1 user without a role.',
      'Rows: 2 items, 1 location, 10 movements, 1 user.',
      'Under way since 2026-11-30T00:00:00Z: 000003_c, 4 rows filled.',
      'In entries: 4 of 10 movements.',
      'To be caught up with: 7 changes of the old program.',
      'Applied: 2 of 3 migrations.',
      'Next: npm run migrate:balance',
    ].join('\n'),
  );
});

test('a finished move has no next command', () => {
  const done: MovingInStatus = {
    ...halfway,
    next: 'done',
    pending: [],
    isOldProgramWorking: false,
    rows: undefined,
    decisions: undefined,
    underWay: undefined,
    movementsPlaced: undefined,
    changesLeft: undefined,
  };
  expect(statusText(done)).toBe(
    'Everything is done: the new program works, and the old one may do nothing any more.\nApplied: 2 of 2 migrations.',
  );
});

const undecided = { ...halfway, next: 'organizations', decisions: undefined } as const;
test.each<[string, MovingInStatus, string | undefined]>([
  [
    'before a decision',
    undecided,
    'npm run migrate:org -- --slug SLUG --name NAME --everyone viewer (or --roles FILE)',
  ],
  ['after one', { ...halfway, next: 'organizations' }, 'npm run migrate:org'],
  ['before the switch', { ...halfway, next: 'switch' }, 'npm run migrate:all'],
  ['after the switch', { ...halfway, next: 'checks' }, 'npm run migrate:all'],
  ['of an empty database', { ...halfway, next: 'nothing' }, 'npm run migrate:all'],
  ['of a database that is new', { ...halfway, next: 'nothing', pending: [] }, undefined],
])('the next command %s', (_, status, command) => {
  expect(nextCommand(status)).toBe(command);
});

test('halves that stand alone are listed, and those that are not listed are counted', () => {
  const half = {
    entryId: 'e1',
    sku: 'BOLT',
    location: 'MAIN',
    quantity: '-1.0000',
    occurredAt: '2019-04-04T07:00:00.000Z',
    reference: 'T-2',
  };
  expect(unpairedText({ count: 0, halves: [] })).toEqual([]);
  expect(unpairedText({ count: 1, halves: [half] })).toEqual([
    '1 half of old transfers stands alone and became an adjustment:',
    '  2019-04-04T07:00:00.000Z BOLT at MAIN: -1.0000 (T-2), entry e1',
  ]);
  expect(unpairedText({ count: 3, halves: [{ ...half, reference: null }] })).toEqual([
    '3 halves of old transfers stand alone and became adjustments:',
    '  2019-04-04T07:00:00.000Z BOLT at MAIN: -1.0000, entry e1',
    '  and 2 more',
  ]);
});
