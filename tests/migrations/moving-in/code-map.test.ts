import { describe, expect, test } from 'vitest';
import { checkMoveIn } from '#portability/moving-in/check/check-move-in.ts';
import { readCodeMap } from '#portability/moving-in/check/code-map.ts';
import type { Offence } from '#portability/moving-in/check/offence.ts';
import { ids, map, openCheckWorld } from './check-world.ts';

const world = openCheckWorld();
const { found, item } = world;

describe('a map of codes', () => {
  test('renames what offends, and then nothing offends', async () => {
    await item('TRAIL ');
    const { offences } = await checkMoveIn(world.client);
    expect(offences).toMatchObject([
      { ruleId: 'code-form', value: 'TRAIL ', becomes: 'TRAIL' } satisfies Partial<Offence>,
    ]);
    expect(offences[0]?.rule).toMatch(/it must not begin or end with a blank$/);
    expect(await found({ codes: map('items,TRAIL ,TRAIL') })).toEqual([]);
  });

  test('is refused where a new code offends, a code is unknown, two become one, or an alias is a code', async () => {
    await item('TRAIL ');
    expect(await found({ codes: map('items,TRAIL ,TRAIL2 ') })).toEqual([
      ['map-target', 'map', 'line 2', 'items "TRAIL " becomes "TRAIL2 "'],
    ]);
    expect(await found({ codes: map('items,TRAIL ,TRAIL', 'locations,NONE,N') })).toEqual([
      ['map-unknown', 'map', 'line 3', 'locations "NONE"'],
    ]);
    expect(await found({ codes: map('items,TRAIL ,BOLT') })).toEqual([
      ['code-collision', 'items', ids.bolt, 'BOLT'],
      ['code-collision', 'items', '01900000-0000-7000-8000-0000000000aa', 'TRAIL '],
    ]);
    expect(await found({ codes: map('items,TRAIL ,BOLT', 'items,BOLT,SCREW') })).toEqual([
      ['alias-collision', 'items', ids.bolt, 'BOLT'],
    ]);
    expect(await found({ codes: map('items,BOLT,M8/40', 'items,M8/40,BOLT', 'items,TRAIL ,T') })).toEqual(
      expect.arrayContaining([
        ['alias-collision', 'items', ids.bolt, 'BOLT'],
        ['alias-collision', 'items', ids.nut, 'M8/40'],
      ]),
    );
  });

  test('says which line and which other code', async () => {
    await item('TRAIL ');
    const { offences } = await checkMoveIn(world.client, { codes: map('items,TRAIL ,BOLT') });
    expect(offences.map(({ rule }) => rule)).toEqual([
      'no two of an organization have one code: it becomes "BOLT", as "TRAIL "',
      'no two of an organization have one code: it becomes "BOLT" by line 2, as "BOLT"',
    ]);
  });

  test('may give one code to two organizations', async () => {
    await item('TRAIL ');
    await world.client.query('alter table inventory.items add column shop text');
    await world.client.query(
      `update inventory.items set shop = case sku when 'TRAIL ' then 'south' else 'north' end`,
    );
    const assign = (table: 'items' | 'locations', column: string, value: string, organization: string) => ({
      ...{ table, column, value, organization },
    });
    const assignments = [
      assign('items', 'shop', 'north', 'north'),
      assign('items', 'shop', 'south', 'south'),
      assign('locations', 'code', 'MAIN', 'north'),
    ];
    const codes = map('items,TRAIL ,BOLT');
    expect(await found({ codes, assignments })).toEqual([]);
    await world.client.query(
      `insert into inventory.movements (id, item_id, location_id, quantity, kind)
       select '01900000-0000-7000-8000-0000000000bb', id, '${ids.main}', 1, 'receipt' from inventory.items where sku = 'TRAIL '`,
    );
    expect(await found({ codes, assignments })).toEqual([
      ['crossing', 'movements', '01900000-0000-7000-8000-0000000000bb', 'south and north'],
    ]);
    await world.client.query('alter table inventory.items drop column shop');
  });

  test.each([
    ['code,becomes\nA,B', 'the map begins with "code,becomes"'],
    ['', 'the map begins with ""'],
    ['table,code,becomes\nitems,A', 'line 2: has 2 fields instead of 3'],
    ['table,code,becomes\nitem,A,B', 'line 2: the table "item" is neither items nor locations'],
    ['table,code,becomes\nitems,,B', 'line 2: the code is empty'],
    ['table,code,becomes\nitems,A,A', 'line 2: the code becomes what it is'],
    ['table,code,becomes\nitems,"A\nA",B\nitems,C,D\nitems,C,E', 'line 5: items "C" is on line 4 already'],
    ['table,code,becomes\nitems,"A', 'is not closed correctly'],
  ])('%j cannot be read: %s', (text, message) => {
    expect(() => readCodeMap(Buffer.from(text))).toThrow(message);
  });
});
