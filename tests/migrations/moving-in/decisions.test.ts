import { beforeAll, describe, expect, test } from 'vitest';
import {
  type Decisions,
  readAssignments,
  readOrganization,
  readRoles,
} from '#portability/moving-in/decisions.ts';
import { lastOf } from '#portability/moving-in/steps.ts';
import { refuseUndecided } from '#portability/moving-in/undecided.ts';
import { withClient } from '#schema/migrations/migrate.ts';
import { openMovingWorld } from './moving-world.ts';

const world = openMovingWorld();
beforeAll(async () => {
  await world.shop.addUser('ann@example.com');
  await world.shop.addUser('bob@example.com');
  await world.shop.addItem('BOLT');
  await world.shop.addItem('NUT');
});

const organization = { slug: 'shop', name: 'Shop' };

test('an inventory that nobody has decided about is not migrated, and nothing is written', async () => {
  const before = await world.status();
  await expect(withClient(world.source, refuseUndecided)).rejects.toMatchObject({
    message:
      'this database is an inventory with 2 items and 0 movements, and nobody has decided which organization they belong to and what its 2 users may do',
    remedy: expect.stringContaining('npm run migrate:org -- --slug SLUG --name NAME --everyone viewer'),
  });
  await expect(world.moveBalances()).rejects.toThrow('nobody has decided');
  expect(before).toMatchObject({ next: 'organizations', isOldProgramWorking: true });
  expect((await world.status()).applied).toEqual(before.applied);
});

test('a migration that comes without the decision refuses as well', async () => {
  await world.moveOrganizations({}).catch(() => {});
  await expect(world.moveRest({ target: '000006_item_columns' })).rejects.toThrow(
    'this database has rows, and nobody has decided which organization they belong to',
  );
});

test.each<[string, Decisions, string]>([
  [
    'no organization',
    { everyone: 'clerk' },
    'nobody has decided which organization this inventory belongs to',
  ],
  ['no roles', { organization }, '(ann@example.com): each user has a role in an organization'],
  [
    'a user without a role',
    { organization, roles: [{ email: 'ann@example.com', organization: undefined, role: 'admin' }] },
    '(bob@example.com): each user has a role in an organization',
  ],
  [
    'everyone in several organizations',
    {
      organization,
      everyone: 'clerk',
      assignments: [{ table: 'items', column: 'unit', value: 'each', organization: 'farm' }],
    },
    'nobody has said which users belong to which',
  ],
  [
    'a role without an organization where there are several',
    {
      organization,
      roles: [{ email: 'ann@example.com', organization: undefined, role: 'admin' }],
      assignments: [{ table: 'items', column: 'unit', value: 'each', organization: 'farm' }],
    },
    'names no organization for ann@example.com, and there are several',
  ],
  [
    'a value without an organization',
    {
      organization,
      everyone: 'clerk',
      assignments: [{ table: 'items', column: 'unit', value: 'box', organization: 'shop' }],
    },
    '(each): each value of items.unit has an organization',
  ],
  [
    'a column that does not exist',
    {
      organization,
      everyone: 'clerk',
      assignments: [{ table: 'items', column: 'brand', value: 'x', organization: 'shop' }],
    },
    'names inventory.items.brand, and there is no such column',
  ],
  [
    'a code that cannot be one',
    {
      organization,
      everyone: 'clerk',
      codes: [{ table: 'items', code: 'BOLT', becomes: 'BOLT\t', line: 2 }],
    },
    'the new code must not contain U+0009 CHARACTER TABULATION after "BOLT"',
  ],
  [
    'two items of one code',
    { organization, everyone: 'clerk', codes: [{ table: 'items', code: 'BOLT', becomes: 'NUT', line: 2 }] },
    'no two of an organization have one code: it becomes "NUT" by line 2, as "NUT"',
  ],
])('refused: %s, and no table of the old program is touched', async (_, decisions, message) => {
  await expect(world.moveOrganizations(decisions)).rejects.toThrow(message);
  const { applied, decisions: kept, next } = await world.status();
  expect(lastOf.decisions >= (applied.at(-1) ?? '')).toBe(true);
  expect(kept).toMatchObject({ organization: null, usersWithoutRole: 2, assignments: 0 });
  expect(next).toBe('organizations');
});

describe('a file', () => {
  const assignment = { table: 'items', column: 'unit', value: 'box', organization: 'farm' };
  test.each<[string, () => unknown, string | RegExp]>([
    [
      'of roles with a wrong role and a wrong address',
      () =>
        readRoles([
          { email: 'ann', role: 'clerk' },
          { email: 'bob@example.com', role: 'boss' },
        ]),
      /^2 lines of the file of --roles cannot be read:\n {2}line 2: email must be an email address without \|, such as ada@example.com\n {2}line 3: role must be one of viewer, clerk, admin$/,
    ],
    [
      'of roles that names one user twice',
      () =>
        readRoles([
          { email: 'ann@example.com', role: 'clerk' },
          { email: 'Ann@example.com', role: 'viewer' },
        ]),
      'the file of --roles has two lines for ann@example.com in the default organization',
    ],
    [
      'of assignments by two columns',
      () => readAssignments([assignment, { ...assignment, column: 'name', value: 'x' }]),
      'the file of --assign assigns items by unit and by name',
    ],
    [
      'of assignments that gives one value twice',
      () => readAssignments([assignment, { ...assignment, organization: 'shop' }]),
      'the file of --assign has two lines for items: "box"',
    ],
    [
      'of assignments of another table',
      () => readAssignments([{ ...assignment, table: 'movements' }]),
      'line 2: table must be items or locations',
    ],
  ])('is refused: %s', (_, read, message) => {
    expect(read).toThrow(message);
  });

  test('of roles may leave the organization out', () => {
    expect(readRoles([{ email: 'Ann@example.com', organization: '', role: 'clerk' }])).toEqual([
      { email: 'ann@example.com', organization: undefined, role: 'clerk' },
    ]);
  });

  test('an organization is named as everywhere', () => {
    expect(() => readOrganization('Shop!', 'Shop')).toThrow("the organization's slug must be lower-case");
  });
});
