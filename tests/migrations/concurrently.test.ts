import { beforeEach, describe, expect, test } from 'vitest';
import { migratorWaitsForLock, openRunnerWorld } from './runner-world.ts';

const world = openRunnerWorld();
const { connect, put, run, journal, started, until, startAndKill } = world;

const two = {
  '000001_things': 'create schema s; create table s.things (id int);',
  '000002_more': 'create table s.more (id int);',
};

describe('one statement', () => {
  const index = '--! concurrently\ncreate unique index concurrently things_id on s.things (id);';
  const indexState = async () => {
    const { rows } = await world.client.query(`select c.oid, i.indisvalid as valid
      from pg_class c join pg_index i on i.indexrelid = c.oid where c.relname = 'things_id'`);
    return rows;
  };
  beforeEach(async () => {
    await put(two);
    await run();
    await put({ '000003_index': index });
  });

  test('builds the index, owned by stockade_owner, and waits for old transactions without a lock timeout', async () => {
    const writer = await connect();
    await writer.query('begin; insert into s.things values (1)');
    const running = run({ lockTimeoutMs: 1, lockAttempts: 1 });
    await until(migratorWaitsForLock);
    await writer.query('commit');
    await writer.end();
    await running;
    expect(await indexState()).toMatchObject([{ valid: true }]);
  });

  test('an invalid index left by an earlier failure is dropped and built again', async () => {
    await world.client.query('insert into s.things values (1), (1)');
    await world.client.query('create unique index concurrently things_id on s.things (id)').catch(() => {});
    const [invalid] = await indexState();
    expect(invalid).toMatchObject({ valid: false });
    await world.client.query('delete from s.things');
    await run();
    expect(await indexState()).toMatchObject([{ valid: true }]);
    expect((await indexState())[0].oid).not.toBe(invalid?.oid);
  });

  test('an invalid index that cannot be dropped ends the run with the reason', async () => {
    await world.client.query('insert into s.things values (1), (1)');
    await world.client.query('create unique index concurrently things_id on s.things (id)').catch(() => {});
    await world.client.query(`
      create function public.keep() returns event_trigger language plpgsql as $$ begin raise exception 'kept'; end $$;
      create event trigger keep on ddl_command_start when tag in ('DROP INDEX') execute function public.keep()`);
    await expect(run()).rejects.toThrow('kept');
    await world.client.query('drop event trigger keep; delete from s.things');
    await run();
    expect(await indexState()).toMatchObject([{ valid: true }]);
  });

  test('a build that fails leaves no invalid index and no note behind', async () => {
    await world.client.query('insert into s.things values (1), (1)');
    await expect(run()).rejects.toThrow(/000003_index\.sql:2:1: .*\(SQLSTATE 23505\)/);
    expect(await indexState()).toEqual([]);
    expect(await started()).toEqual([]);
    expect(await journal()).toEqual(Object.keys(two));
  });

  test('a valid index of that name that somebody else made is an error each time, not taken for done', async () => {
    await world.client.query('create index things_id on s.things ((id + 1))');
    for (const _ of [1, 2]) {
      await expect(run()).rejects.toMatchObject({
        message: expect.stringContaining('"things_id" already exists'),
        remedy: expect.stringContaining('The statements before this one are kept.'),
      });
    }
    expect(await indexState()).toMatchObject([{ valid: true }]);
  });

  test.each([
    ['one of two', 'vacuum s.things; create table s.x ()', 'cannot be run again after a crash'],
    ['a kind that cannot be repeated', 'create table s.x ()', 'cannot be run again after a crash'],
    [
      'an index whose name is left to Postgres',
      'create index concurrently on s.things (id)',
      'cannot be run again',
    ],
    ['a drop that fails the second time', 'drop index concurrently s.x', 'cannot be run again'],
  ])('%s: refused', async (_, sql, message) => {
    await put({ '000003_index': `--! concurrently\n${sql};` });
    await expect(run()).rejects.toThrow(message);
  });

  test('vacuum and a repeatable drop are applied', async () => {
    await put({
      '000004_drop': '--! concurrently\ndrop index concurrently if exists s.things_id;',
      '000005_vacuum': '--! concurrently\nvacuum (analyze) s.things;',
    });
    await run();
    expect(await indexState()).toEqual([]);
    expect(await journal()).toEqual([...Object.keys(two), '000003_index', '000004_drop', '000005_vacuum']);
  });
});

describe('several statements', () => {
  const indexes = `--! concurrently
    create index concurrently things_id on s.things (id);
    create index concurrently more_id on s.more (id);
    create index concurrently more_twice on s.more ((id * 2));`;
  const oids = async () => {
    const { rows } = await world.client.query(
      `select c.relname as name, c.oid from pg_class c join pg_index i on i.indexrelid = c.oid and i.indisvalid
       where c.relnamespace = 's'::regnamespace order by 1`,
    );
    return Object.fromEntries(rows.map(({ name, oid }) => [name, oid]));
  };
  beforeEach(async () => {
    await put(two);
    await run();
    await put({ '000003_indexes': indexes });
  });

  test('are applied in order and leave no note behind', async () => {
    expect((await run()).applied.map(({ name }) => name)).toEqual(['000003_indexes']);
    expect(Object.keys(await oids())).toEqual(['more_id', 'more_twice', 'things_id']);
    expect(await started()).toEqual([]);
  });

  test('a run that is killed between two of them is carried on after the last one that was done', async () => {
    const writer = await connect();
    await writer.query('begin; insert into s.more values (1)');
    await startAndKill(
      `${migratorWaitsForLock} and exists (select from stockade_migrations.started where statement_begun = 2)`,
    );
    expect(await started()).toMatchObject([{ statements_done: 1, statement_begun: 2 }]);
    const { things_id: first } = await oids();
    // The server continues the second one by itself until it notices that the client is gone.
    await writer.query('commit');
    await writer.end();
    expect((await run()).applied.map(({ name }) => name)).toEqual(['000003_indexes']);
    expect(await oids()).toMatchObject({ things_id: first, more_id: expect.any(Number) });
    expect(await started()).toEqual([]);
  });

  test('a statement that fails keeps those before it, and the next run goes on with it', async () => {
    await world.client.query('create index more_id on s.more ((id + 1))');
    await expect(run()).rejects.toThrow('"more_id" already exists');
    const { things_id: first } = await oids();
    await world.client.query('drop index s.more_id');
    await run();
    expect(await oids()).toMatchObject({ things_id: first });
  });

  test('a file that was changed since it was begun begins again, and takes nothing for its own', async () => {
    await world.client.query('create index more_id on s.more ((id + 1))');
    await expect(run()).rejects.toThrow('"more_id" already exists');
    await put({ '000003_indexes': `${indexes} -- changed` });
    await expect(run()).rejects.toThrow('"things_id" already exists');
  });
});

describe('killed', () => {
  test('during an index build that the server finishes alone: the next run takes it for done', async () => {
    await put({
      ...two,
      '000003_index': '--! concurrently\ncreate index concurrently things_id on s.things (id);',
    });
    const writer = await connect();
    await run({ target: 2 });
    await writer.query('begin; insert into s.things values (1)');
    await startAndKill(migratorWaitsForLock);
    await writer.query('commit');
    await writer.end();
    await until(`select from pg_index where indexrelid = to_regclass('s.things_id') and indisvalid`);
    const { rows: before } = await world.client.query(`select to_regclass('s.things_id')::oid as oid`);
    expect((await run()).applied.map(({ name }) => name)).toEqual(['000003_index']);
    const { rows: after } = await world.client.query(`select to_regclass('s.things_id')::oid as oid`);
    expect(after).toEqual(before);
    expect(await started()).toEqual([]);
  });
});
