import { Client } from 'pg';
import { expect, inject, test } from 'vitest';
import { lockModes } from '#schema/validator/effects/lock-modes.ts';
import { createScratchDatabase } from '#scripts/migrate/catalog/scratch-database.ts';
import { readLocks, readTables } from './facts.ts';

test('each table has the mode in which it is locked, and of several modes the strongest', async () => {
  await using database = await createScratchDatabase(inject('clusterUrl'));
  const client = new Client(database.url);
  await client.connect();
  try {
    const locked = lockModes.map((mode) => ({
      table: `public.${mode.toLowerCase().replaceAll(' ', '_')}`,
      mode,
    }));
    await client.query(locked.map(({ table }) => `create table ${table} ();`).join(' '));
    await client.query(
      `begin; ${locked.map(({ table, mode }) => `lock table ${table} in ${mode} mode;`).join(' ')}`,
    );
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    const tables = await readTables(client);
    const read = async () =>
      [...(await readLocks(client, rows[0]?.pid ?? 0))].map(([oid, mode]) => [tables.get(oid)?.name, mode]);
    expect((await read()).sort()).toEqual(locked.map(({ table, mode }) => [table, mode]).sort());

    await client.query(
      'lock table public.row_share in share mode; lock table public.row_share in row exclusive mode',
    );
    expect(await read()).toContainEqual(['public.row_share', 'SHARE']);
  } finally {
    await client.end();
  }
});
