import { beforeEach, describe, expect, test } from 'vitest';
import type { MigrationEvent } from '#schema/migrations/migrate.ts';
import { migratorWaitsForLock, openRunnerWorld } from './runner-world.ts';

const world = openRunnerWorld();
const { put, run, journal, started, startAndKill } = world;

const base = `create schema s;
  create table s.things (id int primary key, doubled int);
  insert into s.things select n from generate_series(1, 25) as n;`;

const count = 'select count(*) from s.things where doubled is null;';
const batch = (filled = 'true', wanted = 'true') => `
  with batch as (
    select id from s.things where id > coalesce(($1::jsonb ->> 'id')::int, 0) order by id limit $2
  ),
  filled as (
    update s.things t set doubled = t.id * 2 from batch b where b.id = t.id and ${filled} returning t.id
  )
  select
    (select jsonb_build_object('id', max(id)) from batch having max(id) is not null) as checkpoint,
    (select count(*) from batch where ${wanted}) as wanted,
    (select count(*) from filled) as filled;`;

const backfill = (...statements: string[]) => ({
  '000001_base': base,
  '000002_doubled': `--! backfill\n${statements.join('\n')}`,
});

const rows = async () =>
  (await world.client.query('select count(*)::int as all, count(doubled)::int as filled from s.things'))
    .rows[0];

type Filling = Extract<MigrationEvent, { kind: 'filling' }>;

/** Runs it and answers how far it was after each batch. */
async function fill(): Promise<Pick<Filling, 'rowsFilled' | 'rowsTotal' | 'resumed'>[]> {
  const events: Pick<Filling, 'rowsFilled' | 'rowsTotal' | 'resumed'>[] = [];
  await run({
    backfillBatch: 10,
    onProgress: (event) => {
      if (event.kind !== 'filling') return;
      const { rowsFilled, rowsTotal, resumed } = event;
      events.push({ rowsFilled, rowsTotal, resumed });
    },
  });
  return events;
}

describe('a backfill', () => {
  test('fills batch by batch, reports how far it is, and is journaled once it is done', async () => {
    await put(backfill(count, batch()));
    expect(await fill()).toEqual([
      { rowsFilled: 10, rowsTotal: 25, resumed: false },
      { rowsFilled: 20, rowsTotal: 25, resumed: false },
      { rowsFilled: 25, rowsTotal: 25, resumed: false },
    ]);
    expect(await rows()).toEqual({ all: 25, filled: 25 });
    expect(await journal()).toEqual(['000001_base', '000002_doubled']);
    expect(await started()).toEqual([]);
  });

  test('that is killed is carried on from its checkpoint: no batch runs twice', async () => {
    await put(backfill(count, batch()));
    await run({ target: 1 });
    await world.client.query(
      `create table s.touched (id int);
       grant all on s.touched to stockade_owner;
       create function s.note() returns trigger language plpgsql as $$
       begin
         insert into s.touched values (new.id);
         if new.id = 25 then perform pg_advisory_xact_lock(4711); end if;
         return new;
       end $$;
       create trigger note before update on s.things for each row execute function s.note();
       select pg_advisory_lock(4711)`,
    );
    await startAndKill(migratorWaitsForLock, { backfillBatch: 10 });
    await world.client.query('select pg_advisory_unlock(4711)');
    expect(await started()).toMatchObject([{ number: 2, checkpoint: { id: 20 }, rows_filled: '20' }]);
    expect(await rows()).toEqual({ all: 25, filled: 20 });

    expect(await fill()).toEqual([{ rowsFilled: 25, rowsTotal: 25, resumed: true }]);
    const { rows: touched } = await world.client.query(
      'select count(*)::int as times, count(distinct id)::int as ids from s.touched',
    );
    expect(touched).toEqual([{ times: 25, ids: 25 }]);
    expect(await started()).toEqual([]);
  });

  test('begins again while rows arrive before its checkpoint', async () => {
    await put(backfill(count, batch()));
    await run({ target: 1 });
    // The last row of the first pass brings one that the pass has gone by, as an old program would.
    await world.client.query(
      `delete from s.things where id = 1;
       grant all on s.things to stockade_owner;
       create function s.late() returns trigger language plpgsql as $$
       begin insert into s.things values (1) on conflict do nothing; return null; end $$;
       create trigger late after update on s.things for each row when (new.id = 25) execute function s.late()`,
    );
    const filled = await fill();
    expect(filled.slice(0, 3).map(({ rowsFilled }) => rowsFilled)).toEqual([10, 20, 24]);
    expect(filled).toHaveLength(6);
    expect(await rows()).toEqual({ all: 25, filled: 25 });
  });

  test('gives each batch the checkpoint as the one before it wrote it, digit by digit', async () => {
    const id = (n: string) => `9007199254740993${n}`;
    await put({
      '000001_base': `create schema s; create table s.things (id numeric primary key, doubled int);
        insert into s.things (id) values (${id('1')}), (${id('2')}), (${id('3')});`,
      '000002_doubled': `--! backfill
        ${count}
        with batch as (
          select id from s.things where id > coalesce(($1::jsonb ->> 'id')::numeric, 0) order by id limit 1
        ),
        filled as (
          update s.things t set doubled = 2 from batch b where b.id = t.id and $2 > 0 returning t.id
        )
        select (select jsonb_build_object('id', id) from batch) as checkpoint,
          (select count(*) from batch) as wanted,
          (select count(*) from filled) as filled;`,
    });
    expect((await fill()).map(({ rowsFilled }) => rowsFilled)).toEqual([1, 2, 3]);
  });

  test.each<[string, string[], string | RegExp]>([
    ['of one statement', [batch()], 'is a backfill and has 1 statements'],
    [
      'whose batch does not fill what it wants',
      [count, batch('t.id <> 7')],
      'a batch of 10 rows has filled 9',
    ],
    ['whose batch goes past rows', [count, batch('t.id <> 7', 'id <> 7')], 'and 1 rows are still not filled'],
    [
      'whose batch does not go on',
      [
        count,
        `with filled as (update s.things set doubled = 0 where id = 1 and $1::jsonb is distinct from $2::text::jsonb returning 1)
         select '{"id": 1}'::jsonb as checkpoint, count(*) as wanted, count(*) as filled from filled;`,
      ],
      'a batch ended where the one before it ended, at {"id": 1}',
    ],
    [
      'whose batch answers something else',
      [count, 'select 1 as x from (select $1::jsonb, $2::int) as p;'],
      'does not answer checkpoint, wanted and filled',
    ],
    [
      'whose batch is wrong',
      [count, 'select nonsense, $1::jsonb, $2::int;'],
      /^000002_doubled\.sql:3:8: column "nonsense" does not exist/,
    ],
  ])('is refused %s, and not journaled', async (_, statements, message) => {
    await put(backfill(...statements));
    await expect(fill()).rejects.toThrow(message);
    expect(await journal()).toEqual(['000001_base']);
  });
});

describe('row-level security', () => {
  const walled = (policy: string) => ({
    ...backfill(count, batch()),
    '000001_base': `${base} alter table s.things enable row level security; alter table s.things force row level security; ${policy}`,
  });
  beforeEach(() => put(backfill(count, batch())));

  test('that hides rows from the backfill refuses it: it would be done with nothing', async () => {
    await put(walled(''));
    await expect(fill()).rejects.toMatchObject({
      message: '000002_doubled.sql: row-level security hides rows of s.things from stockade_owner',
      remedy: expect.stringContaining('--! role'),
    });
    await world.client.query('create policy part on s.things using (id > 5)');
    await expect(fill()).rejects.toThrow('hides rows of s.things');
  });

  test('that shows every row to its role lets it be', async () => {
    await put(walled('create policy every on s.things to stockade_owner using (true);'));
    await fill();
    expect(await rows()).toEqual({ all: 25, filled: 25 });
  });
});
