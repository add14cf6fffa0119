import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { migratorWaitsForLock, openRunnerWorld, rolesSql } from '#tests/migrations/runner-world.ts';
import { TURN_KEY } from './turn.ts';

const world = openRunnerWorld();
const { connect, put, run, journal, exists, until, startAndKill } = world;

const two = {
  '000001_things': 'create schema s; create table s.things (id int);',
  '000002_more': 'create table s.more (id int);',
};

describe('applying', () => {
  test('applies what is missing, in order, as stockade_owner, and nothing the second time', async () => {
    await put(two);
    const first = await run();
    expect(first).toMatchObject({ before: 0, pending: [] });
    expect(first.applied.map(({ name }) => name)).toEqual(['000001_things', '000002_more']);
    const { rows } = await world.client.query(`select distinct relowner::regrole::text as owner from pg_class
      where relnamespace in ('s'::regnamespace, 'stockade_migrations'::regnamespace)`);
    expect(rows).toEqual([{ owner: 'stockade_owner' }]);
    expect(await run()).toMatchObject({ before: 2, applied: [] });
    const applied = await world.client.query(
      'select number, applied_by as "appliedBy" from stockade_migrations.applied order by number',
    );
    const appliedBy = new URL(world.database.url).username;
    expect(applied.rows).toEqual([
      { number: 1, appliedBy },
      { number: 2, appliedBy },
    ]);
  });

  test('stops at the target, by number or name, and refuses one that is not there', async () => {
    await put(two);
    expect(await run({ target: 1 })).toMatchObject({ pending: [{ number: 2, name: '000002_more' }] });
    expect(await journal()).toEqual(['000001_things']);
    await expect(run({ target: '000009_x' })).rejects.toThrow('there is no migration 000009_x');
    await run({ target: '000002_more.sql' });
    expect(await journal()).toEqual(['000001_things', '000002_more']);
  });

  test('a dry run lists what would run and writes nothing', async () => {
    await put(two);
    const plan = await run({ dryRun: true });
    expect(plan.pending.map(({ name }) => name)).toEqual(['000001_things', '000002_more']);
    expect(await exists('stockade_migrations.applied')).toBe(false);
  });

  test('a failing file leaves nothing of itself, keeps those before, and says file, line, column and SQLSTATE', async () => {
    await put({ ...two, '000002_more': 'create table s.more (id int);\n-- 😀\n  select 1, nonsense;' });
    await expect(run()).rejects.toThrow(
      /^000002_more\.sql:3:13: column "nonsense" does not exist \(SQLSTATE 42703\)/,
    );
    expect(await journal()).toEqual(['000001_things']);
    expect(await exists('s.more')).toBe(false);
  });

  test('an error without a position names the line of its statement', async () => {
    await put({ '000001_things': 'create schema s;\n\n  create schema s;' });
    await expect(run()).rejects.toThrow(
      /^000001_things\.sql:3:3: schema "s" already exists \(SQLSTATE 42P06\)/,
    );
  });

  test.each(['commit', 'rollback', 'begin', 'savepoint a', 'start transaction'])(
    'a file that says %s is refused before anything of it runs',
    async (control) => {
      await put({ '000001_things': `create schema s;\n${control};` });
      await expect(run()).rejects.toThrow(/000001_things\.sql:2: .* controls the transaction/);
      expect(await journal()).toEqual([]);
    },
  );

  test.each([
    'reset role',
    'SET ROLE NONE',
    'set local role none',
    'set session authorization default',
    'reset session authorization',
  ])(
    'a file that says %s is refused: its objects would belong to the user who migrates',
    async (statement) => {
      await put({ '000001_things': `create schema s;\n${statement};\ncreate table s.things ();` });
      await expect(run()).rejects.toMatchObject({
        message: `000001_things.sql:2: "${statement.toLowerCase().replace(' default', '')}" leaves the role that the runner has taken`,
        remedy: expect.stringContaining('set local role stockade_owner'),
      });
      expect(await journal()).toEqual([]);
    },
  );

  test('a setting or role that a file leaves behind does not reach the next one', async () => {
    await put({
      '000001_things': `create schema s; create table s.seen as select 1; set role pg_read_all_data; set work_mem = '77MB';`,
      '000002_more': `create table s.more as select current_user::text as me, current_setting('work_mem') as memory`,
    });
    await run();
    const { rows } = await world.client.query('select me, memory from s.more');
    expect(rows[0].me).toBe('stockade_owner');
    expect(rows[0].memory).not.toBe('77MB');
  });

  test('an empty file is refused', async () => {
    await put({ '000001_things': '-- later\n' });
    await expect(run()).rejects.toThrow('000001_things.sql holds no statement');
  });
});

describe('history', () => {
  beforeEach(async () => {
    await put(two);
    await run();
  });

  test('a changed file is refused, naming both digests', async () => {
    await put({ '000001_things': `${two['000001_things']} -- changed` });
    await expect(run()).rejects.toThrow(
      /^000001_things\.sql was changed .*applied [0-9a-f]{12}, the file is [0-9a-f]{12}$/,
    );
    await expect(run({ dryRun: true })).rejects.toThrow('was changed');
  });

  test('a renamed file is refused', async () => {
    await rename(join(world.directory, '000002_more.sql'), join(world.directory, '000002_less.sql'));
    await expect(run()).rejects.toThrow('000002_more.sql');
    await expect(run()).rejects.toThrow('is now named 000002_less.sql');
  });

  test('reordered files are refused', async () => {
    await rename(join(world.directory, '000002_more.sql'), join(world.directory, '000003_more.sql'));
    await put({ '000002_new': 'select 1' });
    await expect(run()).rejects.toThrow(
      /applied as number 2, but that is now 000002_new\.sql .* 000003_more\.sql$/,
    );
  });

  test('a database that is ahead of the directory is refused, naming the first unknown migration', async () => {
    await rm(join(world.directory, '000002_more.sql'));
    await expect(run()).rejects.toThrow(
      /has 000002_more .* does not know: its last migration is 000001_things/,
    );
  });

  test('what is refused leaves the roles as the newer release has put them', async () => {
    await rm(join(world.directory, '000002_more.sql'));
    await writeFile(
      join(world.root, 'roles.sql'),
      `${rolesSql} create table public.of_the_older_release ();`,
    );
    await expect(run()).rejects.toThrow('does not know');
    expect(await exists('public.of_the_older_release')).toBe(false);
  });

  test('a journal edited by hand is refused', async () => {
    await world.client.query(
      `update stockade_migrations.applied set sha256 = repeat('0', 64) where number = 1`,
    );
    await expect(run()).rejects.toThrow('was altered at 000001_things');
  });

  test('a journal row removed from the middle is refused', async () => {
    await world.client.query('delete from stockade_migrations.applied where number = 1');
    await expect(run()).rejects.toThrow('was altered at 000002_more');
  });
});

describe('locks', () => {
  test('a file that meets a lock is started again until the lock is gone', async () => {
    await put(two);
    await run();
    await put({ '000003_column': 'create table s.third (); alter table s.things add column a int' });
    const blocker = await connect();
    await blocker.query('begin; lock table s.things in row exclusive mode');
    const attempts: number[] = [];
    await run({
      lockTimeoutMs: 20,
      onProgress: async (event) => {
        if (event.kind !== 'retrying') return;
        attempts.push(event.attempt);
        if (event.attempt === 2) await blocker.query('rollback');
      },
    });
    await blocker.end();
    expect(attempts).toEqual([1, 2]);
    expect(await journal()).toEqual([...Object.keys(two), '000003_column']);
  });

  test('a lock that stays is reported with the transactions that are open, and nothing is applied', async () => {
    await put(two);
    await run();
    await put({ '000003_column': 'create table s.third (); alter table s.things add column a int' });
    await world.client.query('begin; lock table s.things in row exclusive mode');
    const failure = await run({ lockTimeoutMs: 10, lockAttempts: 2 }).catch((error) => error);
    await world.client.query('rollback');
    expect(failure.message).toMatch(/^000003_column\.sql met a lock 2 times, 10 ms each: .*SQLSTATE 55P03/s);
    expect(failure.remedy).toContain('lock table s.things');
    expect(await exists('s.third')).toBe(false);
  });

  test('a run can be stopped while it waits for a lock', async () => {
    await put(two);
    await run();
    await put({ '000003_column': 'alter table s.things add column a int' });
    await world.client.query('begin; lock table s.things in row exclusive mode');
    const stop = new AbortController();
    const stopped = run({
      lockTimeoutMs: 10,
      signal: stop.signal,
      onProgress: (event) => {
        if (event.kind === 'retrying') stop.abort();
      },
    });
    await expect(stopped).rejects.toThrow(/abort/i);
    await world.client.query('rollback');
    expect(await journal()).toEqual(Object.keys(two));
  });
});

describe('two at once', () => {
  test('one runner applies, the other waits, and both succeed', async () => {
    await put({ ...two, '000003_wait': 'select pg_advisory_xact_lock(4711)' });
    await world.client.query('select pg_advisory_lock(4711)');
    const waited: string[] = [];
    const first = run();
    await until(migratorWaitsForLock);
    const second = run({
      onProgress: async (event) => {
        if (event.kind !== 'waiting') return;
        waited.push(event.holder);
        await world.client.query('select pg_advisory_unlock(4711)');
      },
    });
    const reports = await Promise.all([first, second]);
    expect(reports.map(({ applied }) => applied.map(({ name }) => name))).toEqual([
      [...Object.keys(two), '000003_wait'],
      [],
    ]);
    expect(waited).toEqual([expect.stringMatching(/^pid \d+/)]);
  });

  test('a runner gives up after its wait, naming the other', async () => {
    await put(two);
    await world.client.query('select pg_advisory_lock($1, $2)', [...TURN_KEY]);
    const { rows } = await world.client.query('select pg_backend_pid() as pid');
    await expect(run({ turnWaitMs: 20 })).rejects.toThrow(`holds this database: pid ${rows[0].pid} (user`);
  });

  test('roles belong to the cluster: when another database changes one at the same moment, the file runs again', async () => {
    await put(two);
    await world.client.query('begin; alter role stockade_owner nologin');
    const running = run();
    const watcher = await connect();
    await until(migratorWaitsForLock, watcher);
    await watcher.end();
    await world.client.query('commit');
    expect((await running).applied.map(({ name }) => name)).toEqual(Object.keys(two));
  });

  test('roles belong to the cluster: when another database makes one at the same moment, the file runs again', async () => {
    await put(two);
    const role = world.database.name;
    const makeRole = `do $$ begin if to_regrole('${role}') is null then create role ${role}; end if; end $$;`;
    await writeFile(join(world.root, 'roles.sql'), `${rolesSql}\n${makeRole}`);
    await world.client.query(`begin; ${makeRole}`);
    const running = run();
    const watcher = await connect();
    await until(migratorWaitsForLock, watcher);
    await watcher.end();
    await world.client.query('commit');
    expect((await running).applied.map(({ name }) => name)).toEqual(Object.keys(two));
    await world.client.query(`drop role ${role}`);
  });

  test('a roles file that fails for good names its line', async () => {
    await put(two);
    await writeFile(join(world.root, 'roles.sql'), `${rolesSql}\nalter role no_such_role login;`);
    await expect(run()).rejects.toThrow(
      /roles\.sql:5:1: role "no_such_role" does not exist \(SQLSTATE 42704\)/,
    );
  });
});

describe('killed', () => {
  test('in the middle of a file: the next run applies that file once, whole', async () => {
    await put({
      ...two,
      '000003_wait': 'create table s.a (); select pg_advisory_xact_lock(4711); create table s.b ();',
    });
    await world.client.query('select pg_advisory_lock(4711)');
    await startAndKill(migratorWaitsForLock);
    await world.client.query('select pg_advisory_unlock(4711)');
    expect((await run()).applied.map(({ name }) => name)).toEqual(['000003_wait']);
    expect(await exists('s.b')).toBe(true);
  });
});
