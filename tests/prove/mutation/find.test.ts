// biome-ignore-all lint/suspicious/noTemplateCurlyInString: some of the tested texts contain templates

import { stripTypeScriptTypes } from 'node:module';
import { describe, expect, test } from 'vitest';
import { changesInSql } from './find-in-sql.ts';
import { changesInTypeScript } from './find-in-typescript.ts';
import { type Change, type Mutant, nameMutants, withMutant } from './mutant.ts';
import { withNotes } from './reach.ts';
import { drawSample, folderOf } from './sample.ts';

describe('in TypeScript', () => {
  test.each([
    ['a < b', ['a <= b']],
    ['a >= b', ['a > b']],
    ['a === b', ['a !== b']],
    ['a && b', ['a || b']],
    ['a ?? b', ['a']],
    ['a * b', ['a / b']],
    ["'a' + b", []],
    ['if (a) b = c', ['if (false) b = c']],
    ['a ? b : c', ['a ? c : b']],
    ['a = 41', ['a = 42']],
    ['a = true', ['a = false']],
    ['await a.b(c)', ['a.b(c)', 'undefined']],
    ['a.b(c)', ['undefined']],
    ['if (a) throw b', ['if (false) throw b', 'if (a) {}']],
    ['a = b(c, d.e)', ['a = b(d.e, c)']],
    ['a = new B(c, d)', ['a = new B(d, c)']],
    ['a = b.sort()', ['a = b']],
    ['a = Math.min(b, c)', ['a = Math.max(b, c)', 'a = Math.min(c, b)']],
    ['const a: 5 | B<7> = b as 9', []],
    ['a = { 1: b, true: c }', []],
    ['a = `select b from c where d < ${e} + 1`', ['<= ${e} + 1`', '< ${e} - 1`', '< ${e} + 2`']],
    ['a = `a < ${b}`', []],
    ["import a from 'b' with { type: 'json' }", []],
  ])('%s', (text, expected) => {
    const faults = changesInTypeScript('a.ts', text).map((change) => planted(text, change));
    expect(faults).toEqual(
      expected.map((each) => (each.endsWith('`') ? expect.stringMatching(endingWith(each)) : each)),
    );
  });

  test('a note at the place of every fault leaves the text valid', () => {
    const text =
      'const f = (a: number, b = 2) => { if (a < b + 1) throw new Error(String(a)); return [a, b].sort(); };';
    const mutants = nameMutants('f.ts', text, changesInTypeScript('f.ts', text));
    const noted = withNotes(text, mutants);
    expect(mutants.map(({ original }) => original)).toEqual([
      ...['2', 'a < b + 1', '<', '+', '1', 'throw new Error(String(a));', '[a, b].sort()'],
    ]);
    for (const { id } of mutants) expect(noted).toContain(`stockadeReached?.('${id}')`);
    expect(run(noted)(5, 2)).toEqual(run(text)(5, 2));
    expect(() => run(noted)(5, 9)).toThrow('5');
  });
});

describe('in SQL', () => {
  test.each([
    ['select a from b where c < d', ['select a from b where c <= d']],
    ['select a from b where c <> d', ['select a from b where c = d']],
    ['select a from b where c and d', ['select a from b where c or d']],
    [
      'select a from b where c\n  and d = e\n  and f(g) order by h desc',
      ['where c\n  or d = e', 'where c\n  \n', 'and d = e\n  or f(g)', 'and d = e\n  ', 'order by h asc'],
    ],
    ['select a from b where c is null', ['select a from b where c is not null']],
    ['select a from b where c is not null', ['select a from b where c is null']],
    ['select a from b where not c', ['select a from b where c']],
    ['select coalesce(a, f(b, c)) from d', ['select coalesce(a) from d']],
    ['create table a (b numeric(15, 4) not null check (c(b) > d))', ['check (true)', 'c(b) >= d']],
    ["select 'a < b', c -- d < e", []],
    ['select a between b and c', []],
    [
      "create function f() returns void language plpgsql as $$ begin raise exception 'a < %', b; perform g(); end $$",
      ['begin null; perform', '; null; end'],
    ],
  ])('%s', (text, expected) => {
    const faults = changesInSql(text).map((change) => planted(text, { ...change, reached: undefined }));
    expect(faults).toEqual(expected.map((each) => expect.stringContaining(each)));
  });

  test('a text that Postgres cannot read has no faults', () => {
    expect(changesInSql("select 'a")).toEqual([]);
  });
});

test('a fault keeps its name when its file moves or gets more lines above it', () => {
  const change: Change = { kind: 'bound', start: 4, end: 5, replacement: '2', reached: undefined };
  const moved = { ...change, start: 10, end: 11 };
  const [here] = nameMutants('layers/a/x.ts', 'a = 1;', [change]);
  const [there] = nameMutants('layers/b/x.ts', 'first\na = 1;', [moved]);
  const [other] = nameMutants('layers/b/y.ts', 'first\na = 1;', [moved]);
  expect(there?.id).toBe(here?.id);
  expect(other?.id).not.toBe(here?.id);
});

test('a sample has one fault of every kind in every folder before a second one of any kind', () => {
  const kinds = ['bound', 'bound', 'bound', 'await', 'error'];
  const mutants = ['layers', 'sql', 'scripts', 'infra', 'functions'].flatMap((folder) =>
    kinds.map((kind, index) => ({ id: `${folder}${index}`, kind, file: `${folder}/a.ts` }) as Mutant),
  );
  const drawn = drawSample(mutants, 30, 1).filter((mutant) => folderOf(mutant) === 'functions');
  expect(drawn.map(({ kind }) => kind).sort()).toEqual(['await', 'bound', 'error']);
  expect(drawSample(mutants, 30, 1)).toEqual(drawSample(mutants.toReversed(), 30, 1));
});

/** The function `f` in a text of TypeScript. */
function run(text: string): (a: number, b: number) => unknown {
  return new Function(`${stripTypeScriptTypes(text)}; return f;`)();
}

function planted(text: string, change: Change): string {
  const [mutant] = nameMutants('a.ts', text, [change]);
  return mutant ? withMutant(text, mutant) : text;
}

function endingWith(text: string): RegExp {
  return new RegExp(`${RegExp.escape(text)}$`);
}
