import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { readBook } from '#schema/book/book.ts';
import { migratorWaitsForLock, openRunnerWorld } from './runner-world.ts';

const world = openRunnerWorld();
const { put, run, startAndKill } = world;

const one = (value: number, more = '') =>
  `create or replace function s.one() returns int language sql as 'select ${value}';${more}`;
const calls = (name: string) =>
  `--! needs s/${name}\ncreate or replace function s.two() returns int language sql as 'select s.${name}() + 1';`;

const ask = async (expression: string) =>
  (await world.client.query(`select ${expression} as answer`)).rows[0].answer;

async function files(): Promise<Record<string, string>> {
  const { rows } = await world.client.query(
    'select name, sha256 from stockade_migrations.functions order by name',
  );
  return Object.fromEntries(rows.map(({ name, sha256 }) => [name, sha256]));
}

beforeEach(() => put({ '000001_base': 'create schema s;', 's/one': one(1), 's/a': calls('one') }));

describe('function files', () => {
  test('run in the order of their needs, and their digests are recorded', async () => {
    const report = await run();
    expect(report.functions.applied.map(({ name }) => name)).toEqual(['s/one', 's/a']);
    expect(await ask('s.two()')).toBe(2);
    const { functions } = await readBook(world.directory);
    expect(await files()).toEqual(Object.fromEntries(functions.map(({ name, sha256 }) => [name, sha256])));
    expect((await run()).functions).toEqual({ applied: [], pending: [] });
  });

  test('one that was changed is run again alone; a dry run lists it and writes nothing', async () => {
    await run();
    await put({ 's/one': one(10) });
    const plan = await run({ dryRun: true });
    expect([plan.pending, plan.functions.pending]).toEqual([[], ['s/one']]);
    expect(await ask('s.two()')).toBe(2);
    expect((await run()).functions.applied.map(({ name }) => name)).toEqual(['s/one']);
    expect(await ask('s.two()')).toBe(11);
  });

  test('one runs before the migration that needs it, and waits for a migration that is left out', async () => {
    await put({
      '000002_table': '--! needs s/one\ncreate table s.things (id int default s.one());',
      '000003_last': 'create table s.last ();',
      's/b':
        '--! needs 000003_last\ncreate or replace function s.last_ones() returns setof s.last language sql as $$ select * from s.last $$;',
    });
    const planned: (readonly string[])[] = [];
    const report = await run({
      target: 2,
      onProgress: (event) => {
        if (event.kind === 'planned') planned.push(event.pending);
      },
    });
    expect(planned).toEqual([['000001_base', 's/one', '000002_table', 's/a']]);
    expect(report.functions.pending).toEqual(['s/b']);
    expect((await run()).functions.applied.map(({ name }) => name)).toEqual(['s/b']);
  });

  test('one that fails leaves nothing of itself, and says file, line and SQLSTATE', async () => {
    await run();
    await put({
      's/one': one(10, "\ncreate or replace function s.bad() returns int language sql as 'select x';"),
    });
    await expect(run()).rejects.toThrow(/^s\/one\.sql:2:\d+: column "x" does not exist \(SQLSTATE 42703\)/);
    expect(await ask('s.one()')).toBe(1);
  });

  test('a grant that was removed from a file is taken away, and what every new function has is left', async () => {
    const role = `${world.database.name}_reader`;
    const reads = async () =>
      (
        await world.client.query(
          `select has_function_privilege($1, 's.one()', 'execute') as role, has_function_privilege('pg_monitor', 's.one()', 'execute') as public`,
          [role],
        )
      ).rows[0];
    await world.client.query(`create role ${role}`);
    try {
      await put({
        '000002_default': 'alter default privileges revoke execute on functions from public;',
        's/one': `--! needs 000002_default\n${one(1, `\ngrant execute on function s.one to ${role}, public;`)}`,
      });
      await run();
      expect(await reads()).toEqual({ role: true, public: true });
      await put({ 's/one': `--! needs 000002_default\n${one(2)}` });
      await run();
      expect(await reads()).toEqual({ role: false, public: false });
      await put({ '000003_default': 'alter default privileges grant execute on functions to public;' });
      await put({
        's/one': `--! needs 000003_default\n${one(3, '\ngrant execute on function s.one to public;')}`,
      });
      await run();
      await put({ 's/one': `--! needs 000003_default\n${one(4)}` });
      await run();
      expect(await reads()).toEqual({ role: true, public: true });
    } finally {
      await world.client.query(`drop owned by ${role}; drop role ${role}`);
    }
  });

  test('one that is killed is run again, whole', async () => {
    await run();
    await put({
      's/one': one(
        10,
        `\ndo $$ begin
      perform pg_advisory_xact_lock(4711);
      create or replace function s.one() returns int language sql as 'select 10';
    end $$;`,
      ),
    });
    await world.client.query('select pg_advisory_lock(4711)');
    await startAndKill(migratorWaitsForLock);
    expect(await ask('s.one()')).toBe(1);
    await world.client.query('select pg_advisory_unlock(4711)');
    expect((await run()).functions.applied.map(({ name }) => name)).toEqual(['s/one']);
    expect(await ask('s.one()')).toBe(10);
  });

  test('one that names a role belongs to that role, which keeps no right to create', async () => {
    const role = `${world.database.name}_keeper`;
    await world.client.query(
      `create role ${role}; grant ${role} to stockade_owner with inherit false, set true`,
    );
    try {
      await put({
        '000002_default': `set local role ${role}; alter default privileges revoke execute on functions from public;`,
        's/kept': `--! role ${role}\n--! needs 000002_default
          create or replace function s.kept() returns int language sql as 'select 1';`,
      });
      await run();
      await put({
        's/kept': `--! role ${role}\n--! needs 000002_default
          create or replace function s.kept() returns int language sql as 'select 2';`,
      });
      await run();
      expect(await ask('s.kept()')).toBe(2);
      const { rows } = await world.client.query(
        `select pg_get_userbyid(proowner) as owner, has_function_privilege('stockade_owner', oid, 'execute') as public,
           has_schema_privilege($1, 's', 'create') as creates
         from pg_proc where proname = 'kept'`,
        [role],
      );
      expect(rows).toEqual([{ owner: role, public: false, creates: false }]);
    } finally {
      await world.client.query(`drop owned by ${role}; drop role ${role}`);
    }
  });
});

describe('a function that is missing', () => {
  const droppedByContract = {
    '000002_things': '--! needs s/one\ncreate table s.things (id int default s.one());',
    '000003_contract': '--! contract\ndrop table s.things; drop function if exists s.one;',
  };

  test('because a later contract dropped it on a fresh installation is created again by its file', async () => {
    await rm(join(world.root, 'functions/s/a.sql'));
    await put(droppedByContract);
    const report = await run();
    expect(report.functions).toMatchObject({ applied: [{ name: 's/one' }, { name: 's/one' }], pending: [] });
    expect(await ask('s.one()')).toBe(1);
    expect(await run()).toMatchObject({ applied: [], functions: { applied: [], pending: [] } });
  });

  test('because somebody dropped it is created again by the next run', async () => {
    await run();
    await world.client.query('drop function s.two()');
    expect((await run({ dryRun: true })).functions.pending).toEqual(['s/a']);
    expect((await run()).functions.applied.map(({ name }) => name)).toEqual(['s/a']);
    expect(await ask('s.two()')).toBe(2);
  });
});

describe('what a function file leaves behind', () => {
  const takesText = {
    's/one': `create or replace function s.one(text) returns int language sql as 'select 5';`,
    's/a': `--! needs s/one\ncreate or replace function s.two() returns int language sql as $$ select s.one('') $$;`,
  };
  const leftBehind = 's/one.sql defines s.one without s.one(), which this database has';
  beforeEach(() => run());

  test('is refused when a signature was changed, and nothing of the file is kept', async () => {
    await put(takesText);
    await expect(run()).rejects.toMatchObject({
      message: leftBehind,
      remedy: expect.stringContaining('drop it in a migration: drop function s.one();'),
    });
    expect(await ask(`to_regprocedure('s.one(text)') is null`)).toBe(true);
  });

  test('is dropped by a migration that comes with it', async () => {
    await put({ ...takesText, '000002_drop': '--! contract\ndrop function s.one();' });
    await run();
    expect(await ask(`to_regprocedure('s.one()') is null and s.two() = 5`)).toBe(true);
    expect((await run()).functions.applied).toEqual([]);
  });

  test('is refused in the end when that migration drops another signature', async () => {
    await put({ ...takesText, '000002_drop': '--! contract\ndrop function if exists s.one(int);' });
    await expect(run()).rejects.toThrow('no function file defines s.one(), which this database has');
  });

  test('is refused when a function was created that no line of the file names', async () => {
    await put({
      's/b': `do $$ begin execute 'create or replace function s.b() returns int language sql return 1';
        execute 'create or replace function s.hidden() returns int language sql return 1'; end $$;
        create or replace function s.b() returns int language sql return 1;`,
    });
    await expect(run()).rejects.toThrow('s/b.sql creates s.hidden(), and no line of it says so');
  });

  test('is refused when a function that the file names was not created', async () => {
    await put({
      's/b': `do $$ begin if false then
        create or replace function s.b() returns int language sql return 1; end if; end $$;`,
    });
    await expect(run()).rejects.toThrow('s/b.sql defines s.b, but did not create it');
  });
});

describe('a function whose file is gone', () => {
  beforeEach(async () => {
    await run();
    await rm(join(world.root, 'functions/s/a.sql'));
  });

  test('is refused, with the remedy, and so is a dry run', async () => {
    for (const dryRun of [true, false]) {
      await expect(run({ dryRun })).rejects.toMatchObject({
        message: 'this database has s.two, which no function file defines any more',
        remedy: expect.stringContaining('drop function if exists s.two;'),
      });
    }
    expect(await ask('s.two()')).toBe(2);
  });

  test('is dropped by a migration, and its file forgotten', async () => {
    await put({ '000002_drop': 'drop function if exists s.two;' });
    await run();
    expect(Object.keys(await files())).toEqual(['s/one']);
    expect(await run()).toMatchObject({ applied: [], functions: { applied: [], pending: [] } });
  });

  test('may stand in another file', async () => {
    await put({ 's/moved': calls('one') });
    expect((await run()).functions.applied.map(({ name }) => name)).toEqual(['s/moved']);
    expect(Object.keys(await files())).toEqual(['s/moved', 's/one']);
  });
});
