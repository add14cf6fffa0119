import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { paths } from '#scripts/paths.ts';
import { figuresText } from './figures.ts';

test('figures have words and units, and one decimal at most', () => {
  expect(figuresText({ organizations: 1, balances: 10.04, behindSeconds: 2.44, indexes: 2 })).toBe(
    '1 organization, 10 balances, 2.4 s behind, 2 indexes',
  );
});

test('every figure that a proof reports has its words', async () => {
  const folder = join(paths.root, 'layers/recovery/proofs');
  const files = (await readdir(folder)).filter((file) => /(?<!\.test)\.ts$/.test(file));
  const sources = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
  const names = sources.flatMap((source) =>
    [...source.matchAll(/findings\.add\('(\w+)'/g)].map(([, name]) => name),
  );
  expect(names.length).toBeGreaterThan(15);
  for (const name of names) expect(figuresText({ [String(name)]: 7 })).toMatch(/^7 /);
});
