import { writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Runner } from '#schema/validator/review.ts';
import { makeScratchFolder } from '#scripts/local/postgres/scratch-folder.ts';
import { squawk } from './squawk.ts';

let folder: string;
beforeAll(() => {
  folder = makeScratchFolder('squawk');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function write(name: string, content: string): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}
const inFile = { runner: 'transaction', isInTransaction: true } as const;

test('what squawk finds comes with its file and line', async () => {
  const good = write('good.sql', 'select 1;\n');
  const bad = write('bad.sql', '\nalter table shop.orders rename to bills;\n');
  const findings = await squawk([good, bad], inFile);
  expect(findings).toContainEqual({
    file: bad,
    line: 2,
    rule: 'renaming-table',
    detail: expect.stringContaining('Renaming'),
  });
  expect(findings.filter(({ file }) => file === good)).toEqual([]);
});

test('our runner sets the timeouts, so squawk does not ask it for them', async () => {
  const file = write('rename.sql', 'alter table shop.orders rename to bills;\n');
  const rulesFor = async (runner: Runner) =>
    (await squawk([file], { runner, isInTransaction: true })).map(({ rule }) => rule);
  expect(await rulesFor('transaction')).toContain('require-lock-timeout');
  expect(await rulesFor('stockade')).toEqual(['renaming-table']);
});

test('a report of several megabytes is read whole', async () => {
  const file = write('long.sql', 'alter table shop.orders rename to bills;\n'.repeat(20_000));
  const findings = await squawk([file], { runner: 'stockade', isInTransaction: true });
  expect(findings).toHaveLength(20_000);
});

test('a file that squawk cannot read is an error with its words; without files it is not asked', async () => {
  await expect(squawk([join(folder, 'nowhere.sql')], inFile)).rejects.toThrow(
    /^squawk failed: .*nowhere\.sql/,
  );
  expect(await squawk([], inFile)).toEqual([]);
});
