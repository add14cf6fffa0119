import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readMigrations } from './migration-files.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'stockade-migrations-'));
});
afterEach(() => rm(directory, { recursive: true }));

const put = (name: string, content = 'select 1') => writeFile(join(directory, name), content);

test('files come in the order of their numbers, each chained to the one before', async () => {
  await put('000002_b.sql', 'select 2');
  await put('000001_a.sql', 'select 1');
  const [first, second] = await readMigrations(directory);
  expect(first).toMatchObject({ number: 1, name: '000001_a', file: '000001_a.sql', content: 'select 1' });
  expect(second).toMatchObject({ number: 2, name: '000002_b' });
  await put('000001_a.sql', 'select 1 ');
  const [, rechained] = await readMigrations(directory);
  expect(rechained?.sha256).toBe(second?.sha256);
  expect(rechained?.chain).not.toBe(second?.chain);
});

test('CRLF and LF line endings have the same digest', async () => {
  await put('000001_a.sql', 'select 1;\nselect 2;\n');
  const [lf] = await readMigrations(directory);
  await put('000001_a.sql', 'select 1;\r\nselect 2;\r\n');
  const [crlf] = await readMigrations(directory);
  expect(crlf?.sha256).toBe(lf?.sha256);
});

test.each(['notes.txt', '1_a.sql', '000001-a.sql', '000001_A.sql', '000001_.sql', '000001_a.sql.bak'])(
  'a file named %s is refused by name',
  async (name) => {
    await put(name);
    await expect(readMigrations(directory)).rejects.toThrow(name);
  },
);

test('a gap is refused, naming the missing number and the file after it', async () => {
  await put('000001_a.sql');
  await put('000003_c.sql');
  await expect(readMigrations(directory)).rejects.toThrow(
    'migration 000002 is missing: 000003_c.sql follows',
  );
});

test('a duplicate number is refused, naming both files', async () => {
  await put('000001_a.sql');
  await put('000001_b.sql');
  await expect(readMigrations(directory)).rejects.toThrow('000001: 000001_a.sql and 000001_b.sql');
});

test('an unknown directive is refused with its line', async () => {
  await put('000001_a.sql', '-- a comment\n--! no-transactoin\nselect 1');
  await expect(readMigrations(directory)).rejects.toThrow(
    '000001_a.sql:2: unknown directive "--! no-transactoin"',
  );
});

test('what a file asks for in its header is read, alone or together', async () => {
  await put('000001_a.sql', '-- Takes a column away.\n--! contract\nalter table t drop column c;');
  await put('000002_b.sql', '--! contract\n--!concurrently\ndrop index concurrently i;');
  await put('000003_c.sql', '--! needs s/f\n--! needs 000001_a\ncreate table u ();');
  await put('000004_d.sql', '--! backfill\n--! role stockade_ledger\nselect 1;');
  const read = (await readMigrations(directory)).map(({ isContract, way, needs, role }) => ({
    isContract,
    way,
    needs,
    role,
  }));
  const plain = { isContract: false, way: 'transaction', needs: [], role: 'stockade_owner' };
  expect(read).toEqual([
    { ...plain, isContract: true },
    { ...plain, isContract: true, way: 'concurrently' },
    { ...plain, needs: ['s/f', '000001_a'] },
    { ...plain, way: 'backfill', role: 'stockade_ledger' },
  ]);
});

test.each([
  ['--! concurrently\n--! backfill', 'concurrently and backfill'],
  ['--! role a\n--! role b', 'a and b'],
  ['--! concurrently\n--! role a', 'concurrently and a'],
])('directives of which only one can hold are refused: %j', async (header, both) => {
  await put('000001_a.sql', `${header}\nselect 1;`);
  await expect(readMigrations(directory)).rejects.toThrow(
    `000001_a.sql has directives of which only one can hold: ${both}`,
  );
});

test.each(['needs', 'needs a', 'needs 1_a', 'needs ../a', 'role', 'role a;b', 'no-transaction'])(
  '"--! %s" is no directive',
  async (directive) => {
    await put('000001_a.sql', `--! ${directive}\nselect 1;`);
    await expect(readMigrations(directory)).rejects.toThrow('000001_a.sql:1: unknown directive');
  },
);

test('a directive below the first statement is refused', async () => {
  await put('000001_a.sql', 'select 1;\n--! contract\n');
  await expect(readMigrations(directory)).rejects.toThrow('stands below the first statement');
});
