import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sqlBookFaults } from './sql-book.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'stockade-book-'));
});
afterEach(() => rm(root, { recursive: true }));

const f = (name: string, body = 'select 1') =>
  `create or replace function ${name}() returns int language sql as $$ ${body} $$;
comment on function ${name} is
  'Uses s.other() and s.things, if comments counted.';\n`;

const good = {
  'migrations/000001_base':
    'create schema s;\n  create function s.frozen() returns int language sql return 1;',
  'migrations/000002_things': 'create table s.things ();\ncreate table s.here ();',
  'functions/s/other': f('s.other'),
  'functions/s/user': `--! needs s/other\n--! needs 000002_things\n-- It uses s.none().\n${f('s.user', 'select s.other() from s.things')}`,
};

async function faultsOf(files: Record<string, string>): Promise<string[]> {
  for (const [name, content] of Object.entries({ ...good, ...files })) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, `${name}.sql`), content);
  }
  return await sqlBookFaults(join(root, 'migrations'));
}

test.each<[string, Record<string, string>, string[]]>([
  ['nothing is wrong', {}, []],
  [
    'a migration defines a function',
    { 'migrations/000003_late': 'create function s.late() returns int language sql return 1;' },
    ['000003_late.sql defines s.late: a function stands in sql/functions/<schema>/<family>.sql'],
  ],
  [
    'a function has no comment',
    { 'functions/s/bare': 'create or replace function s.bare() returns int language sql return 1;' },
    ['s/bare.sql: s.bare has no "comment on function s.bare is" on a line of its own'],
  ],
  [
    'a function of another file is used and not needed',
    { 'functions/s/caller': f('s.caller', 'select s.user()') },
    ['s/caller.sql uses s.user and does not say "--! needs s/user"'],
  ],
  [
    'a table is used and its migration not needed',
    { 'functions/s/reader': f('s.reader', 'select 1 from s.things, s.here') },
    [
      's/reader.sql uses s.things and does not say "--! needs 000002_things"',
      's/reader.sql uses s.here and does not say "--! needs 000002_things"',
    ],
  ],
  [
    'a file needs through another one what it uses',
    { 'functions/s/caller': `--! needs s/user\n${f('s.caller', 'select s.other() from s.things')}` },
    [],
  ],
  [
    'a file is too long',
    { 'functions/s/other': f('s.other') + '-- more\n'.repeat(298) },
    ['s/other.sql has 301 lines, more than 300: split the family'],
  ],
  [
    'a folder has too many files',
    Object.fromEntries(Array.from({ length: 19 }, (_, n) => [`functions/s/f${n}`, f(`s.f${n}`)])),
    ['s/ has 21 files, more than 20'],
  ],
])('%s', async (_, files, expected) => {
  expect(await faultsOf(files)).toEqual(expected);
});
