import { Client } from 'pg';
import { expect, inject, test } from 'vitest';
import { createScratchDatabase } from '#scripts/migrate/catalog/scratch-database.ts';
import { fillTables } from './fill-tables.ts';
import { readTableShapes } from './table-shapes.ts';

test('a partition takes only rows within its bounds, which are a check of the columns that they name', async () => {
  await using database = await createScratchDatabase(inject('clusterUrl'));
  const client = new Client(database.url);
  await client.connect();
  try {
    await client.query(`
      create table sales (id integer generated always as identity, place text not null, day date not null)
        partition by list (place);
      create table sales_north partition of sales for values in ('north pole');
      create table plain (id integer primary key)`);
    const shapes = await readTableShapes(client);
    expect(shapes.map(({ name, checks }) => [name, checks])).toEqual([
      ['plain', []],
      ['sales_north', [{ columns: ['place'], expression: expect.stringContaining(`'north pole'::text`) }]],
    ]);
    expect(await fillTables(client)).toEqual([]);
    const { rows } = await client.query('select distinct place from sales');
    expect(rows).toEqual([{ place: 'north pole' }]);
  } finally {
    await client.end();
  }
});
