import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadModule, parseSync } from 'libpg-query';
import { expect, test } from 'vitest';
import { findFiles } from '#scripts/develop/check/files.ts';
import { paths } from '#scripts/paths.ts';
import { splitStatements } from './sql-statements.ts';

const texts = (sql: string) => splitStatements(sql).map(({ text }) => text);

test.each([
  ['two statements, the last without a semicolon', 'select 1; select 2', ['select 1', 'select 2']],
  ['a semicolon in a string', "select ';' || ''';'; select 2", ["select ';' || ''';'", 'select 2']],
  ['a backslash ends a plain string', "select '\\'; select 2", ["select '\\'", 'select 2']],
  ['a backslash escapes in an E string', "select E'\\';'; select 2", ["select E'\\';'", 'select 2']],
  [
    'a word that ends in e is no prefix',
    "select date'2020-01-01;'; select 2",
    ["select date'2020-01-01;'", 'select 2'],
  ],
  ['a quoted identifier', 'select 1 as ";"";"; select 2', ['select 1 as ";"";"', 'select 2']],
  ['a dollar quote', 'do $$ begin; end $$; select 2', ['do $$ begin; end $$', 'select 2']],
  [
    'a tagged dollar quote around another',
    'do $a$ $$;$$ ; $a$; select 2',
    ['do $a$ $$;$$ ; $a$', 'select 2'],
  ],
  ['a dollar inside an identifier', 'select a$b$; select 2', ['select a$b$', 'select 2']],
  ['a parameter is no dollar quote', 'select $1; select $2', ['select $1', 'select $2']],
  ['a line comment', 'select 1 -- ; \n; select 2', ['select 1 -- ;', 'select 2']],
  ['a carriage return ends a line comment', 'select 1 -- ;\r; select 2', ['select 1 -- ;', 'select 2']],
  ['nested block comments', '/* ; /* ; */ ; */ select 1; select 2', ['select 1', 'select 2']],
  ['a comment directly after a word', 'select/*;*/1;select 2', ['select/*;*/1', 'select 2']],
  [
    'a semicolon in parentheses',
    'create rule r as on insert to t do (select 1; select 2); select 3',
    ['create rule r as on insert to t do (select 1; select 2)', 'select 3'],
  ],
  [
    'the body of a function that replaces none',
    'create function f() returns int begin atomic select 1; select 2; end; select 3',
    ['create function f() returns int begin atomic select 1; select 2; end', 'select 3'],
  ],
  [
    'the body of a procedure',
    'create procedure p() begin atomic select 1; select 2; end; select 3',
    ['create procedure p() begin atomic select 1; select 2; end', 'select 3'],
  ],
  [
    'a standard SQL function body',
    'create or replace function f() returns int begin atomic select case when true then 1 end; select 2; end; select 3',
    [
      'create or replace function f() returns int begin atomic select case when true then 1 end; select 2; end',
      'select 3',
    ],
  ],
  [
    'a parameter named begin',
    'create function f(begin int) returns int return begin; select 2',
    ['create function f(begin int) returns int return begin', 'select 2'],
  ],
  ['begin as a statement is no block', 'begin; select 1; end', ['begin', 'select 1', 'end']],
  ['empty statements and comments only', ';; -- nothing\n /* at all */ ;', []],
])('%s', (_, sql, expected) => {
  expect(texts(sql)).toEqual(expected);
});

test('a statement knows where it starts', () => {
  const sql = '-- first\nselect 1;\n\n  select 2;';
  expect(splitStatements(sql).map(({ start }) => sql.slice(start, start + 8))).toEqual([
    'select 1',
    'select 2',
  ]);
});

test("Postgres's own grammar splits every file of ours into the same statements", async () => {
  await loadModule();
  const files = await findFiles(paths.root, 'sql/{roles,migrations/*,functions/**/*}.sql');
  expect(files.length).toBeGreaterThan(5);
  for (const file of files) {
    const sql = await readFile(join(paths.root, file), 'utf8');
    const bytes = Buffer.from(sql);
    const byGrammar = (parseSync(sql).stmts ?? []).map(({ stmt_location: at = 0, stmt_len: length }) =>
      bytes.subarray(at, length ? at + length : bytes.length).toString(),
    );
    // The grammar leaves what stands before a statement with it.
    const bare = byGrammar.map((text) => text.replace(/^(\s|--[^\n]*\n|\/\*[\s\S]*?\*\/)+/, '').trimEnd());
    expect([file, splitStatements(sql).map(({ text }) => text)]).toEqual([file, bare]);
  }
});
