import { expect, test } from 'vitest';
import { deadlocksIn } from '#tests/deadlocks.ts';
import { openDatabase } from './database.ts';
import { newOrganization, onHand, plainProfile, type RunOptions, run } from './engine.ts';

const database = openDatabase();
const { organization: _, ...profile } = { ...plainProfile, location: { column: 'at' } };

/** An organization with an item NEW, also called OLD and EARLIER, at MAIN, also called HQ. */
async function own() {
  const org = await newOrganization(database);
  await database.ask(
    `with item as (insert into inventory.items (org_id, sku, name) values ($1, 'NEW', 'New') returning id),
       location as (insert into inventory.locations (org_id, code, name) values ($1, 'MAIN', 'Main') returning id),
       item_aliases as (
         insert into inventory.item_aliases (org_id, alias, item_id)
         select $1, alias, id from item, unnest(array['OLD', 'EARLIER']) as alias
       )
     insert into inventory.location_aliases (org_id, alias, location_id) select $1, 'HQ', id from location`,
    [org.id],
  );
  const runLines = (lines: string, options?: RunOptions) =>
    run(database, `sku,at,qty,ref\n${lines}`, { profile, organizations: org.directory, ...options });
  return { id: org.id, run: runLines, onHand: () => onHand(database, org.slug) };
}

const lines = 'NEW,MAIN,5,r1\nOLD,HQ,-3,r2\nEARLIER,MAIN,-3,r3\nOLD,MAIN,1,r4\nNEW,HQ,-3,r5\nOTHER,HQ,1,r6\n';
const refused = [4, 'not enough stock of NEW at MAIN: 2 available, the entry takes 3'];

test.each([1, 2, 1_000])(
  'an alias is its item: the stock is one, in batches of %d, and a dry run says the same',
  async (batchLines) => {
    const org = await own();
    const dry = await org.run(lines, { trial: true, batchLines });
    const real = await org.run(lines, { batchLines });
    for (const { report, rejects } of [dry, real]) {
      expect(rejects).toEqual([refused]);
      expect(report).toMatchObject({ applied: 5, itemsCreated: 1, locationsCreated: 0 });
    }
    expect(await org.onHand()).toEqual({ NEW: 0, OTHER: 1 });
  },
);

test('an alias and its SKU in one entry are summed before the check', async () => {
  const org = await own();
  const { rejects } = await org.run('NEW,MAIN,2,r0\nOLD,MAIN,-1,r1\nNEW,HQ,-2,r1\n');
  expect(rejects.map(([line]) => line)).toEqual([3, 4]);
  expect(await org.onHand()).toEqual({ NEW: 2 });
});

test('a code is read in the normal form, and an invisible character is named', async () => {
  const org = await own();
  const { rejects } = await org.run(
    'CAFE\u0301,MAIN,1,r1\nCAFÉ\u00a0,MAIN,1,r2\n\ufeffCAFÉ,MAIN,1,r3\nCAFÉ,M\u00adN,1,r4\n',
  );
  expect(rejects).toEqual([
    [4, 'the SKU "\ufeffCAFÉ" must not contain U+FEFF ZERO WIDTH NO-BREAK SPACE at its beginning: remove it'],
    [5, 'the location "M\u00adN" must not contain U+00AD SOFT HYPHEN after "M": remove it'],
  ]);
  expect(await org.onHand()).toEqual({ CAFÉ: 2 });
});

test.each([
  {
    does: 'creates the same item',
    statement: "insert into inventory.items (org_id, sku, name) select id, 'SOON', 'Soon' from org",
    holds: { SOON: 1 },
  },
  {
    does: 'gives its code to another item',
    statement: `insert into inventory.item_aliases (org_id, alias, item_id)
      select i.org_id, 'SOON', i.id from inventory.items i join org on i.org_id = org.id`,
    holds: { NEW: 1 },
  },
])(
  'an import that creates an item waits for one who $does, and uses what that one wrote',
  async ({ statement, holds }) => {
    const org = await own();
    const writer = await database.superuser();
    const waiting = async () =>
      (
        await database.ask(
          `select from pg_stat_activity
         where datname = current_database() and usename = 'stockade_jobs' and wait_event_type = 'Lock'`,
        )
      ).length;
    // As PATCH does: the lock first, then the rows.
    await writer.query('begin');
    await writer.query('select pg_advisory_xact_lock(hashtextextended($1, 7326))', [org.id]);
    const imported = org.run('SOON,MAIN,1,r1\n');
    await expect.poll(waiting, { timeout: 4_000, interval: 20 }).toBe(1);
    await writer.query(`with org as (select '${org.id}'::uuid as id) ${statement}`);
    await writer.query('commit');
    expect((await imported).report).toMatchObject({ applied: 1, itemsCreated: 0 });
    expect(await org.onHand()).toEqual(holds);
    expect(await deadlocksIn(database.url)).toBe(0);
  },
);

test.each([1, 1_000])(
  'an alias of a form that no code has is found, in batches of %d, and nothing is created',
  async (batchLines) => {
    const org = await own();
    await database.ask(
      `insert into inventory.item_aliases (org_id, alias, item_id)
     select org_id, alias, id
     from inventory.items, unnest(array[E'NEW\\u200b', E'N\\u00a0W', E'NE\\u0301W', '00000000-0000-7000-8000-00000000000a']) as alias
     where org_id = $1`,
      [org.id],
    );
    const lines = [
      [
        'NEW\u200b,MAIN,1,r1',
        'NE\u0301W,MAIN,1,r2',
        '00000000-0000-7000-8000-00000000000a,MAIN,1,r3',
        'N\u00a0W,MAIN,-3,r4',
      ],
      // The normal form of the third is no alias, and missing items are created in the normal form.
      [
        'N\u00c9W,MAIN,1,r5',
        'O\u0301,MA\u0301,1,r6',
        '\u00d3,MA\u0301,-1,r7',
        'X\u200b,MAIN,1,r8',
        'NEW,M\u00a0N,1,r9',
      ],
    ].flat();
    const refused = [
      [9, 'the SKU "X\u200b" must not contain U+200B ZERO WIDTH SPACE after "X": remove it'],
      [
        10,
        'the location "M\u00a0N" must not contain U+00A0 NO-BREAK SPACE after "M": write a blank, U+0020, or nothing in its place',
      ],
    ];
    for (const trial of [true, false]) {
      const { report, rejects } = await org.run(`${lines.join('\n')}\n`, { trial, batchLines });
      expect(rejects).toEqual(refused);
      expect(report).toMatchObject({ applied: 7, itemsCreated: 2, locationsCreated: 1 });
    }
    expect(await org.onHand()).toEqual({ NEW: 0, 'N\u00c9W': 1, '\u00d3': 0 });
  },
);

test('without creating, a malformed name is refused with its fault, and a missing one as missing', async () => {
  const org = await own();
  const { rejects } = await org.run('X\u200b,MAIN,1,r1\nY,MAIN,1,r2\n', { createMissing: false });
  expect(rejects).toEqual([
    [2, 'the SKU "X\u200b" must not contain U+200B ZERO WIDTH SPACE after "X": remove it'],
    [3, 'there is no item with the SKU "Y"'],
  ]);
});
