import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { lintIsolation } from './isolation-lint.ts';
import { IsolationRulesError, readIsolationRules } from './isolation-rules.ts';

let directory: string;
let client: Client;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'stockade-rules-'));
  await mkdir(join(directory, 'terms'));
  await put('exceptions.json', '[]');
  client = new Client(inject('clusterUrl'));
  await client.connect();
});
afterEach(async () => {
  await client.end();
  await rm(directory, { recursive: true });
});

async function put(file: string, content: string): Promise<void> {
  await writeFile(join(directory, file), content);
}

const header = '-- A title.\n-- level: leak\n-- What leaks.\n';

function rule(name: string, query: string): Promise<void> {
  return put(`${name}.sql`, `${header}${query}\n`);
}

function fault(object: string, detail = 'is wrong'): string {
  return `select '${object}' as object, '${detail}' as detail, 'mend it' as remedy`;
}

function except(...exceptions: { rule: string; object: string; detail: string }[]): Promise<void> {
  return put(
    'exceptions.json',
    JSON.stringify(exceptions.map((exception) => ({ ...exception, why: 'meant' }))),
  );
}

async function lint() {
  const report = await lintIsolation(client, await readIsolationRules(directory));
  return {
    ok: report.ok,
    outcomes: report.outcomes.map(({ rule, faults, couldNotRun }) => ({
      rule: rule.number,
      faults: faults.map(({ object, detail }) => `${object} ${detail}`),
      couldNotRun,
    })),
  };
}

describe('a lint', () => {
  test('reports what each rule found, in order', async () => {
    await rule('0001_one', `${fault('b')} union all ${fault('a')}`);
    await rule('0002_two', `${fault('c')} where false;`);
    expect(await lint()).toEqual({
      ok: false,
      outcomes: [
        { rule: '0001', faults: ['a is wrong', 'b is wrong'] },
        { rule: '0002', faults: [] },
      ],
    });
  });

  test('a rule that cannot run fails the lint, and does not stop the others', async () => {
    await rule('0001_one', `${fault('a')} where false`);
    await rule('0002_broken', 'select object from nowhere');
    await rule('0003_three', fault('b'));
    expect(await lint()).toEqual({
      ok: false,
      outcomes: [
        { rule: '0001', faults: [] },
        { rule: '0002', faults: [], couldNotRun: 'relation "nowhere" does not exist' },
        { rule: '0003', faults: ['b is wrong'] },
      ],
    });
    await rm(join(directory, '0003_three.sql'));
    expect((await lint()).ok).toBe(false);
  });

  test('a rule that fails on the data it reads has not run either', async () => {
    await rule(
      '0001_divides',
      `${fault('a')} where 1 / (select count(*) from pg_class where relname = '') > 0`,
    );
    expect((await lint()).outcomes).toEqual([{ rule: '0001', faults: [], couldNotRun: 'division by zero' }]);
  });

  test('a rule that cannot describe its fault has not run', async () => {
    await rule('0001_one', `select 'a' as object, null as detail, 'mend it' as remedy`);
    const [outcome] = (await lint()).outcomes;
    expect(outcome?.couldNotRun).toContain('"detail":null');
  });

  test('writes nothing, even if a rule tries, and leaves the session unchanged', async () => {
    await rule('0001_writes', `${fault('a')} from lo_create(0)`);
    const before = await client.query('show search_path');
    const [outcome] = (await lint()).outcomes;
    expect(outcome?.couldNotRun).toContain('read-only transaction');
    expect((await client.query('show search_path')).rows).toEqual(before.rows);
    expect((await client.query('select count(*)::int as n from pg_largeobject_metadata')).rows).toEqual([
      { n: 0 },
    ]);
  });

  test('rules use terms, and terms use other terms', async () => {
    await put('terms/alpha.sql', '-- Of all words.\nselect word from omega\n');
    await put('terms/omega.sql', `select 'w' as word`);
    await rule('0001_one', `select word as object, 'd' as detail, 'r' as remedy from alpha`);
    expect((await lint()).outcomes).toEqual([{ rule: '0001', faults: ['w d'] }]);
  });
});

describe('an exception', () => {
  test('removes the fault of its rule that it describes exactly, and no other', async () => {
    await rule('0001_one', `${fault('a')} union all ${fault('a', 'is worse')} union all ${fault('b')}`);
    await rule('0002_two', fault('a'));
    await except({ rule: '0001', object: 'a', detail: 'is wrong' });
    expect((await lint()).outcomes.map(({ faults }) => faults)).toEqual([
      ['a is worse', 'b is wrong'],
      ['a is wrong'],
    ]);
  });

  test('is a fault itself when nothing needs it', async () => {
    await rule('0001_one', `${fault('a')} where false`);
    await except({ rule: '0001', object: 'a', detail: 'is wrong' });
    expect(await lint()).toEqual({
      ok: false,
      outcomes: [
        { rule: '0001', faults: ['a exceptions.json allows "is wrong", but that does not exist any more'] },
      ],
    });
  });
});

describe('rules that are refused', () => {
  const cases: [what: string, file: string, content: string, message: RegExp][] = [
    ['a name without a number', 'new_rule.sql', header, /new_rule\.sql is not named like a rule/],
    ['a number that is taken', '0001_other.sql', header, /two rules have the number 0001: .*0001_other\.sql/],
    ['no title', '0002_two.sql', '-- level: leak\nselect 1', /0002_two\.sql does not begin with its title/],
    ['an unknown level', '0002_two.sql', '-- A title.\n-- level: bad\n-- Why.\n', /does not begin with/],
    ['no reason', '0002_two.sql', '-- A title.\n-- level: leak\nselect 1', /and what leaks/],
    ['exceptions that are no JSON', 'exceptions.json', '[', /exceptions\.json cannot be read/],
    [
      'an exception without a reason',
      'exceptions.json',
      '[{"rule":"0001","object":"a","detail":"b"}]',
      /cannot be read: .*\n.*why/,
    ],
    [
      'an exception without a rule',
      'exceptions.json',
      '[{"rule":"0009","object":"a","detail":"b","why":"c"}]',
      /names a rule that does not exist: 0009/,
    ],
  ];
  test.each(cases)('%s', async (_, file, content, message) => {
    await rule('0001_one', fault('a'));
    await put(file, content);
    await expect(readIsolationRules(directory)).rejects.toThrow(message);
    await expect(readIsolationRules(directory)).rejects.toThrow(IsolationRulesError);
  });

  test('a directory without rules', async () => {
    await expect(readIsolationRules(directory)).rejects.toThrow('has no rules');
    await expect(readIsolationRules(join(directory, 'nowhere'))).rejects.toThrow('cannot be read');
  });
});
