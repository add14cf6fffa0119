import { Client } from 'pg';
import { expect, inject, test } from 'vitest';
import { createScratchDatabase } from '#scripts/migrate/catalog/scratch-database.ts';
import { readDatabaseShape } from './catalog-schema.ts';

test('a table has all of its columns, as the grammar writes their types, and none that was dropped', async () => {
  await using database = await createScratchDatabase(inject('clusterUrl'));
  const client = new Client(database.url);
  await client.connect();
  try {
    await client.query(`
      create table lots (id bigint not null, gone text, code character varying(20), at timestamp with time zone);
      alter table lots drop column gone`);
    const { schema } = await readDatabaseShape(client);
    expect([...(schema.table('public.lots')?.columns.values() ?? [])]).toEqual([
      { name: 'id', type: 'int8', isNotNull: true },
      { name: 'code', type: 'varchar(20)', isNotNull: false },
      { name: 'at', type: 'timestamptz', isNotNull: false },
    ]);
  } finally {
    await client.end();
  }
});
