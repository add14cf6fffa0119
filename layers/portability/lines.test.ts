import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inBatches, readLines } from './lines.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stockade-lines-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function linesOf(content: string): Promise<string[]> {
  const path = join(folder, 'file');
  await writeFile(path, content);
  const lines: string[] = [];
  for await (const line of readLines(path)) lines.push(line.toString());
  return lines;
}

test.each([
  ['nothing', '', []],
  ['one line', 'a\n', ['a']],
  ['a last line without its line feed', 'a\nb', ['a', 'b']],
  ['empty lines', '\n\n', ['', '']],
  ['separators that do not end a line', 'a\u2028b\u2029c\rd\u0085e\n', ['a\u2028b\u2029c\rd\u0085e']],
])('%s', async (_, content, expected) => {
  expect(await linesOf(content)).toEqual(expected);
});

test('lines longer than a chunk, and characters across two chunks, are read whole', async () => {
  const lines = [`${'ü'.repeat(300_000)}`, '', `x${'💡'.repeat(200_000)}`, 'end'];
  expect(await linesOf(lines.map((line) => `${line}\n`).join(''))).toEqual(lines);
});

test('a line that is too long is refused, and the length counts from the start of the line', async () => {
  const path = join(folder, 'long');
  await writeFile(path, `${'x'.repeat(200_000)}\n${'y'.repeat(300_000)}`);
  const read = async (longestBytes: number) => {
    const lengths: number[] = [];
    for await (const line of readLines(path, longestBytes)) lengths.push(line.length);
    return lengths;
  };
  expect(await read(300_000)).toEqual([200_000, 300_000]);
  await expect(read(299_999)).rejects.toThrow('has a line of more than 299999 bytes');
});

test('batches are limited by lines and by bytes', async () => {
  async function* lines() {
    for (const text of ['1', '2', '3', '4'.repeat(10), '5']) yield Buffer.from(text);
  }
  const batches: string[][] = [];
  for await (const batch of inBatches(lines(), { lines: 2, bytes: 10 })) batches.push(batch);
  expect(batches).toEqual([['1', '2'], ['3', '4444444444'], ['5']]);
});
