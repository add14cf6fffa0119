import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Applied, bookDigest, planSteps, readBook, refuseVanished } from './book.ts';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'stockade-book-'));
  await mkdir(join(root, 'migrations'));
});
afterEach(() => rm(root, { recursive: true }));

/** Writes files by their name without `.sql`: a migration by its own, a function file as `schema/family`. */
async function put(files: Record<string, string>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const path = join(root, name.includes('/') ? 'functions' : 'migrations', `${name}.sql`);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  }
}

const read = () => readBook(join(root, 'migrations'));
const defines = (name: string, header = '') =>
  `${header}create or replace function ${name}() returns int language sql as 'select 1';`;
const needs = (...names: string[]) => names.map((name) => `--! needs ${name}\n`).join('');

const nothing: Applied = { migrations: 0, functions: new Map() };

/** What a database has that has the first of the migrations, and of the function files these. */
async function having(migrations: number, names: readonly string[]): Promise<Applied> {
  const { functions } = await read();
  const known = functions.filter(({ name }) => names.includes(name));
  return { migrations, functions: new Map(known.map(({ name, sha256 }) => [name, sha256])) };
}

async function plan(applied = nothing, until?: number): Promise<string[]> {
  const book = await read();
  return planSteps(book, applied, until ?? book.migrations.length).map(({ file: { name } }) => name);
}

describe('the order', () => {
  const book = {
    '000001_base': 'create schema s;',
    '000002_policies': `${needs('s/context')}select 1;`,
    '000003_more': 'select 1;',
    's/a': defines('s.a', needs('s/b', '000003_more')),
    's/b': defines('s.b'),
    's/context': defines('s.context', needs('s/keys')),
    's/keys': defines('s.keys', needs('000001_base')),
  };

  test('a function file runs after what it needs and before the migration that needs it, else at the end', async () => {
    await put(book);
    expect(await plan()).toEqual([
      '000001_base',
      's/keys',
      's/context',
      '000002_policies',
      '000003_more',
      's/b',
      's/a',
    ]);
  });

  test('a file that was changed runs alone, without those that need it', async () => {
    await put(book);
    const all = ['s/a', 's/b', 's/context', 's/keys'];
    const before = await having(3, all);
    expect(await plan(before)).toEqual([]);
    await put({ 's/keys': `${book['s/keys']} -- changed` });
    expect(await plan(before)).toEqual(['s/keys']);
  });

  test('what a later migration is needed for waits, when the run stops before it', async () => {
    await put(book);
    expect(await plan(nothing, 1)).toEqual(['000001_base', 's/b', 's/keys', 's/context']);
    expect(await plan(await having(2, ['s/keys', 's/context']), 2)).toEqual(['s/b']);
  });

  test('a changed file runs after the migrations it can use, and before one that takes something away', async () => {
    await put(book);
    const before = await having(3, ['s/a', 's/b', 's/context', 's/keys']);
    await put({
      '000004_expand': 'select 1;',
      '000005_contract': '--! contract\nselect 1;',
      '000006_last': 'select 1;',
      's/b': `${book['s/b']} -- changed`,
      's/c': defines('s.c', needs('000005_contract')),
    });
    expect(await plan(before)).toEqual(['000004_expand', 's/b', '000005_contract', '000006_last', 's/c']);
  });

  test('a file that lives only until a migration runs before it, and never after it', async () => {
    const moving = {
      ...book,
      '000004_switch': `--! contract\n${needs('s/moving')}drop function s.moving;`,
      's/moving': defines('s.moving', `${needs('000002_policies')}--! until 000004_switch\n`),
    };
    await put(moving);
    expect((await plan()).slice(-4)).toEqual(['s/b', 's/a', 's/moving', '000004_switch']);
    const all = ['s/a', 's/b', 's/context', 's/keys'];
    expect(await plan(await having(3, all))).toEqual(['s/moving', '000004_switch']);
    await put({ 's/moving': `${moving['s/moving']} -- changed` });
    expect(await plan(await having(4, [...all, 's/moving']))).toEqual([]);
    expect((await read()).digest).toBe(
      bookDigest(
        (await read()).migrations.at(-1)?.chain ?? '',
        (await read()).functions.filter(({ name }) => name !== 's/moving'),
      ),
    );
  });

  test.each<[string, Record<string, string>, string]>([
    [
      'what stays needs what is dropped',
      {
        '000002_drop': 'select 1;',
        's/a': defines('s.a', '--! until 000002_drop\n'),
        's/b': defines('s.b', needs('s/a')),
      },
      's/b.sql needs s/a, which is gone by then',
    ],
    [
      'a migration needs what an earlier one drops',
      {
        '000002_drop': 'select 1;',
        '000003_late': `${needs('s/a')}select 1;`,
        's/a': defines('s.a', '--! until 000002_drop\n'),
      },
      '000003_late.sql needs s/a, which is gone by then',
    ],
    [
      'a file lives until an unknown migration',
      { 's/a': defines('s.a', '--! until 000009_none\n') },
      's/a.sql needs 000009_none, and there is no such file',
    ],
    [
      'two families need each other',
      { 's/a': defines('s.a', needs('s/b')), 's/b': defines('s.b', needs('s/a')) },
      's/a needs itself, or what comes later: s/a needs s/b, which needs s/a',
    ],
    [
      'a migration needs a family that needs it',
      { '000002_x': `${needs('s/a')}select 1;`, 's/a': defines('s.a', needs('000002_x')) },
      '000002_x needs itself, or what comes later: 000002_x needs s/a, which needs 000002_x',
    ],
    [
      'a migration needs one that comes later',
      { '000002_x': `${needs('000003_y')}select 1;`, '000003_y': 'select 1;' },
      '000002_x needs itself, or what comes later: 000002_x needs 000003_y',
    ],
    [
      'an unknown family is needed',
      { 's/a': defines('s.a', needs('s/none')) },
      's/a.sql needs s/none, and there is no such file',
    ],
    [
      'an unknown migration is needed',
      { 's/a': defines('s.a', needs('000009_none')) },
      's/a.sql needs 000009_none, and there is no such file',
    ],
  ])('refused: %s', async (_, files, message) => {
    await put({ '000001_base': 'select 1;', ...files });
    await expect(read()).rejects.toThrow(message);
  });
});

describe('a function file', () => {
  test.each<[string, Record<string, string>, string]>([
    ['outside of a schema', { '../functions/a': defines('s.a') }, 'is not named like a family of functions'],
    ['of another name', { 's/A-b': defines('s.a') }, 'is not named like a family of functions'],
    [
      'that defines one of another schema',
      { 's/a': defines('t.a') },
      's/a.sql defines t.a, which is not in the schema s',
    ],
    [
      'that cannot be run again',
      { 's/a': 'create function s.a() returns int language sql return 1;' },
      's/a.sql: "create function s.a" cannot be run again',
    ],
    [
      'that cannot be run again, in upper case',
      { 's/a': 'CREATE\nFUNCTION s.a() RETURNS int LANGUAGE sql RETURN 1;' },
      's/a.sql: "CREATE\nFUNCTION s.a" cannot be run again',
    ],
    ['without a function', { 's/a': 'select 1;' }, 's/a.sql defines no function'],
    [
      'with rows',
      { 's/a': `${defines('s.a')}\ninsert into s.things values (1);` },
      's/a.sql:2: "insert into s …" does not belong into a file of functions',
    ],
    [
      'with a grant on a table',
      { 's/a': `${defines('s.a')} grant select on s.t to x;` },
      'does not belong into',
    ],
    ['with a table', { 's/a': `${defines('s.a')} create table s.t ();` }, 's/a.sql:1: "create table s …"'],
    ['with a block that creates none', { 's/a': `${defines('s.a')} do $$ begin end $$;` }, 'does not belong'],
    [
      'with a setting of one',
      { 's/a': `${defines('s.a')} alter function s.a set jit = off;` },
      'does not belong',
    ],
    [
      'that defines what another one defines',
      { 's/a': defines('s.same'), 's/b': defines('s.same') },
      's.same is defined in s/a.sql and in s/b.sql',
    ],
    [
      'with a directive of migrations',
      { 's/a': defines('s.a', '--! contract\n') },
      'unknown directive "--! contract"',
    ],
  ])('is refused %s', async (_, files, message) => {
    await put({ '000001_base': 'select 1;', ...files });
    await expect(read()).rejects.toThrow(message);
  });

  test('may hold the comment, the grants and the owner of its functions', async () => {
    await put({
      's/a': `${defines('s.a')}
        comment on function s.a is 'one; two';
        revoke execute on function s.a() from public;
        grant all privileges on routine s.a() to x;
        alter function s.a(text) owner to x;
        create or replace procedure s.b() language sql as 'select 1';`,
    });
    expect((await read()).functions).toHaveLength(1);
  });

  test('may define a function inside a block, for one version of Postgres or another', async () => {
    await put({
      's/a': `do $$ begin\n  ${defines('s.a')}\n  ${defines('s.a')}\nend $$;\n${defines('s.b')}`,
    });
    expect((await read()).functions.map(({ routines }) => routines)).toEqual([['s.a', 's.b']]);
  });
});

test('the digest is that of all migrations and function files, whatever the order of the latter', async () => {
  await put({ '000001_base': 'select 1;', 's/a': defines('s.a'), 's/b': defines('s.b', needs('s/a')) });
  const { digest, migrations, functions } = await read();
  expect(digest).toBe(bookDigest(migrations[0]?.chain ?? '', functions.toReversed()));
  await put({ 's/b': defines('s.b', needs('s/a')).replace('select 1', 'select 2') });
  const changed = await read();
  expect(changed.digest).not.toBe(digest);
  await put({ '000001_base': 'select 2;' });
  expect((await read()).digest).not.toBe(changed.digest);
});

describe('a function that left the book', () => {
  const refused = /^this database has s\.gone, which no function file defines any more$/;
  const vanished = async () => refuseVanished(await read(), await having(1, []), ['s.a', 's.gone']);
  beforeEach(() => put({ '000001_base': 'select 1;', 's/a': defines('s.a') }));

  test('is refused as long as the database has it', async () => {
    await expect(vanished()).rejects.toThrow(refused);
    await expect(vanished()).rejects.toMatchObject({
      remedy: expect.stringContaining(
        'add a migration (000002_….sql) that drops it: drop function if exists s.gone;',
      ),
    });
  });

  test.each([
    'drop function if exists s.gone;',
    'DROP FUNCTION s.a(), s.gone(text);',
    'drop routine s.gone;',
    'drop  function\n  if  exists s.gone;',
  ])('is left to a migration that drops it: %s', async (drop) => {
    await put({ '000002_drop': drop });
    await expect(vanished()).resolves.toBeUndefined();
  });

  test.each(['drop function if exists s.gone_too;', 'drop table s.gone;', '-- drops s.gone'])(
    'is not left to another statement: %s',
    async (other) => {
      await put({ '000002_other': other });
      await expect(vanished()).rejects.toThrow(refused);
    },
  );
});
