import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { keepSecret, readSecret } from './secrets.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stockade-secrets-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('a secret is made once, kept for its owner alone, and nothing else is left behind', async () => {
  const file = join(folder, 'operator-key');
  expect(await readSecret(file)).toBeUndefined();
  expect(await keepSecret(file, () => 'first')).toBe('first');
  expect(await keepSecret(file, () => 'second')).toBe('first');
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readdir(folder)).toEqual(['operator-key']);
});

test('processes that make it at the same time all get the same one', async () => {
  const file = join(folder, 'operator-key');
  const got = await Promise.all(Array.from({ length: 20 }, (_, n) => keepSecret(file, () => `of ${n}`)));
  expect(new Set(got).size).toBe(1);
  expect(await readdir(folder)).toEqual(['operator-key']);
});
